# Machines for the processes, each kind a group with a role of its own.

variable "name" { type = string }
variable "region" { type = string }
variable "vpc" { type = string }
variable "subnets" { type = map(list(string)) }
variable "groups" { type = map(string) }
variable "copies" { type = map(number) }
variable "image" {
  type        = string
  description = "AMI with Debian, the wheel of Coffre and its units: docs/deploy.md says how it is made."
  validation {
    condition     = can(regex("^ami-[0-9a-f]{8,17}$", var.image))
    error_message = "The image is named by its id, ami-…"
  }
}
variable "instance_types" {
  type    = map(string)
  default = {}
}
variable "disk_key" { type = string }
variable "root_key" { type = string }
variable "policies" {
  type        = map(string)
  description = "JSON by kind of machine; of terraform/site."
}
variable "checkpoint_policy" { type = string }
variable "certificate_secret" {
  type        = string
  description = "Prefix of the secrets of this site in Secrets Manager; each process reads NAME/<machine> alone."
}

locals {
  hosts = ["vault", "housekeeper", "worker", "web"]
}

data "aws_caller_identity" "this" {}

resource "aws_iam_role" "this" {
  for_each = toset(local.hosts)
  name     = "${var.name}-${each.value}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "objects" {
  for_each = var.policies
  name     = "objects"
  role     = aws_iam_role.this[each.key].id
  policy   = each.value
}

resource "aws_iam_role_policy" "checkpoints" {
  name   = "checkpoints"
  role   = aws_iam_role.this["vault"].id
  policy = var.checkpoint_policy
}

# buckets are encrypted at rest by the key of disks: through the store alone, and with the rights on objects above
resource "aws_iam_role_policy" "rest" {
  for_each = toset(local.hosts)
  name     = "rest"
  role     = aws_iam_role.this[each.value].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = [var.disk_key]
      Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" } }
    }]
  })
}

resource "aws_iam_role_policy" "secrets" {
  for_each = toset(local.hosts)
  name     = "secrets"
  role     = aws_iam_role.this[each.value].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = "arn:aws:secretsmanager:${var.region}:${data.aws_caller_identity.this.account_id}:secret:${var.certificate_secret}/${each.value}-*"
    }]
  })
}

resource "aws_iam_role_policy" "root" {
  name = "root"
  role = aws_iam_role.this["vault"].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], Resource = var.root_key }]
  })
}

resource "aws_iam_instance_profile" "this" {
  for_each = toset(local.hosts)
  name     = "${var.name}-${each.value}"
  role     = aws_iam_role.this[each.value].name
}

resource "aws_launch_template" "this" {
  for_each      = toset(local.hosts)
  name          = "${var.name}-${each.value}"
  image_id      = var.image
  instance_type = lookup(var.instance_types, each.value, "m7i.large")
  user_data     = base64encode(templatefile("${path.module}/start.sh.tftpl", { host = each.value, secret = "${var.certificate_secret}/${each.value}", region = var.region }))
  iam_instance_profile {
    name = aws_iam_instance_profile.this[each.value].name
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }
  network_interfaces {
    associate_public_ip_address = false
    security_groups             = [var.groups[each.value]]
    delete_on_termination       = true
  }
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted             = true
      kms_key_id            = var.disk_key
      volume_size           = 20
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }
  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-${each.value}" }
  }
}

resource "aws_autoscaling_group" "this" {
  for_each                  = toset(local.hosts)
  name                      = "${var.name}-${each.value}"
  min_size                  = lookup(var.copies, each.value, 2)
  max_size                  = each.value == "vault" ? 1 : lookup(var.copies, each.value, 2) + 1
  vpc_zone_identifier       = var.subnets[each.value == "vault" ? "vault" : "processes"]
  health_check_type         = "EC2"
  health_check_grace_period = 120
  target_group_arns         = each.value == "web" ? [aws_lb_target_group.edge.arn] : []
  launch_template {
    id      = aws_launch_template.this[each.value].id
    version = aws_launch_template.this[each.value].latest_version
  }
  tag {
    key                 = "Name"
    value               = "${var.name}-${each.value}"
    propagate_at_launch = true
  }
}

# it passes connections on: TLS ends in the proxy, which sees certificates of cards
resource "aws_lb" "edge" {
  # checkov:skip=CKV_AWS_91:it passes TCP on: TLS ends in nginx, and no path may be logged
  name                             = "${var.name}-edge"
  load_balancer_type               = "network"
  internal                         = false
  enable_deletion_protection       = true
  enable_cross_zone_load_balancing = true
  subnets                          = var.subnets["edge"]
  security_groups                  = [var.groups["edge"]]
}

resource "aws_lb_target_group" "edge" {
  name        = "${var.name}-edge"
  port        = 443
  protocol    = "TCP"
  target_type = "instance"
  vpc_id      = var.vpc
  health_check {
    protocol = "TCP"
    port     = "443"
  }
}

resource "aws_lb_listener" "edge" {
  load_balancer_arn = aws_lb.edge.arn
  port              = 443
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.edge.arn
  }
}

output "edge_name" { value = aws_lb.edge.dns_name }
output "roles" { value = { for name, role in aws_iam_role.this : name => role.arn } }
