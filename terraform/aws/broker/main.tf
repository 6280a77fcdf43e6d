# The bell of the queue: it carries ids of submissions and no content. Everything works without it, more slowly.

variable "name" { type = string }
variable "subnets" { type = list(string) }
variable "group" { type = string }
variable "key_arn" { type = string }
variable "instance_class" {
  type    = string
  default = "mq.m5.large"
}
variable "password" {
  type        = string
  sensitive   = true
  ephemeral   = false
  description = "Of the broker's user. AWS has no way to make it outside of the state: keep the state encrypted, and rotate it."
  validation {
    condition     = length(var.password) >= 24 && length(var.password) <= 250 && !can(regex("[,:= ]", var.password))
    error_message = "The password has 24 to 250 characters and none of , : = and space."
  }
}

resource "aws_mq_broker" "this" {
  broker_name                = var.name
  engine_type                = "RabbitMQ"
  engine_version             = "3.13"
  host_instance_type         = var.instance_class
  deployment_mode            = "CLUSTER_MULTI_AZ"
  publicly_accessible        = false
  auto_minor_version_upgrade = true
  subnet_ids                 = var.subnets
  security_groups            = [var.group]
  encryption_options {
    kms_key_id        = var.key_arn
    use_aws_owned_key = false
  }
  logs {
    general = true
  }
  user {
    username = "coffre"
    password = var.password
  }
}

output "id" { value = aws_mq_broker.this.id }
