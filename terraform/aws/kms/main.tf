# The root of the vault, and a key for what AWS keeps at rest. Two keys: who opens a disk opens no record.

variable "name" { type = string }
variable "account" { type = string }
variable "region" { type = string }
variable "key_policy" {
  type        = string
  description = "JSON; of terraform/site."
}

resource "aws_kms_key" "root" {
  description             = "${var.name}: root of the vault"
  policy                  = var.key_policy
  enable_key_rotation     = true
  deletion_window_in_days = 30
  multi_region            = false
  lifecycle {
    prevent_destroy = true # without it no record and no backup opens
  }
}

resource "aws_kms_alias" "root" {
  name          = "alias/${var.name}-root"
  target_key_id = aws_kms_key.root.key_id
}

resource "aws_kms_key" "rest" {
  description             = "${var.name}: disks, databases, buckets, logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.region}.amazonaws.com" }
        Action    = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:${var.region}:${var.account}:*" } }
      },
      {
        # machines are made by a role of AWS, which nobody can name before the account's first group
        Sid       = "Disks"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = { StringEquals = { "kms:CallerAccount" = var.account, "kms:ViaService" = "ec2.${var.region}.amazonaws.com" } }
      },
      {
        Sid       = "Alerts"
        Effect    = "Allow"
        Principal = { Service = "aps.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = var.account } }
      },
    ]
  })
}

resource "aws_kms_alias" "rest" {
  name          = "alias/${var.name}-rest"
  target_key_id = aws_kms_key.rest.key_id
}

output "root_arn" { value = aws_kms_key.root.arn }
output "rest_arn" { value = aws_kms_key.rest.arn }
