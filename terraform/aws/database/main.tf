# Databases apart: one server for the index, one for the vault's store and day keys, one for accounts. A server
# that holds the index alone opens nothing. The owners' passwords are made and kept by AWS and are in no state.

variable "name" { type = string }
variable "subnets" { type = list(string) }
variable "groups" {
  type        = map(string)
  description = "Security groups by server: index, keys; accounts where there is one."
}
variable "key_arn" { type = string }
variable "backup_days" {
  type        = map(number)
  description = "By server. Day keys must be in no backup: see days."
  validation {
    condition     = lookup(var.backup_days, "keys", 7) <= 7
    error_message = "A shredded key is gone when the last backup that holds it is: backups of keys live 7 days at most."
  }
}
variable "sizes" {
  type = map(object({ class = string, gib = number, most_gib = number }))
  validation {
    condition     = alltrue([for each in values(var.sizes) : each.gib >= 20 && each.most_gib >= each.gib])
    error_message = "A server has 20 GiB at least, and may grow."
  }
}
variable "engine_version" {
  type    = string
  default = "17.6"
  validation {
    condition     = tonumber(split(".", var.engine_version)[0]) >= 15
    error_message = "Postgres 15 or newer."
  }
}

locals {
  # day keys are in no backup, so that they have a server of their own
  servers = merge({ for each in keys(var.sizes) : each => each }, { days = "keys" })
}

resource "aws_db_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnets
}

resource "aws_db_parameter_group" "this" {
  name   = "${var.name}-postgres"
  family = "postgres${split(".", var.engine_version)[0]}"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "password_encryption"
    value = "scram-sha-256"
  }
  # a statement may hold a name: none goes into the server's log
  parameter {
    name  = "log_min_error_statement"
    value = "panic"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "-1"
  }
  parameter {
    name  = "log_parameter_max_length_on_error"
    value = "0"
  }
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_118:wants a role that reads the operating system of the database; CloudWatch tells enough
  # checkov:skip=CKV_AWS_161:roles have SCRAM passwords of their own, drawn by coffre roles: the same on every provider
  # checkov:skip=CKV_AWS_353:keeps statements, and a statement can hold a name
  for_each                        = local.servers
  identifier                      = "${var.name}-${each.key}"
  engine                          = "postgres"
  engine_version                  = var.engine_version
  instance_class                  = var.sizes[each.value].class
  allocated_storage               = each.key == "days" ? 20 : var.sizes[each.value].gib
  max_allocated_storage           = each.key == "days" ? 40 : var.sizes[each.value].most_gib
  storage_encrypted               = true
  kms_key_id                      = var.key_arn
  db_subnet_group_name            = aws_db_subnet_group.this.name
  parameter_group_name            = aws_db_parameter_group.this.name
  vpc_security_group_ids          = [var.groups[each.value]]
  publicly_accessible             = false
  multi_az                        = true
  username                        = "coffre_owner"
  manage_master_user_password     = true
  master_user_secret_kms_key_id   = var.key_arn
  backup_retention_period         = each.key == "days" ? 0 : var.backup_days[each.key]
  copy_tags_to_snapshot           = true
  delete_automated_backups        = true
  skip_final_snapshot             = each.key == "days"
  final_snapshot_identifier       = each.key == "days" ? null : "${var.name}-${each.key}-last"
  deletion_protection             = true
  auto_minor_version_upgrade      = true
  ca_cert_identifier              = "rds-ca-ecc384-g1"
  enabled_cloudwatch_logs_exports = ["postgresql"]
  performance_insights_enabled    = false # it would keep statements
}

output "hosts" { value = { for name, server in aws_db_instance.this : name => server.address } }
output "owner_secrets" {
  description = "ARNs of the owners' passwords, which init, migrate and roles are given."
  value       = { for name, server in aws_db_instance.this : name => server.master_user_secret }
}
