# Metrics, alerts and operators' logs, all in the region. Rules come from coffre/watching, by `coffre deploy render`.

variable "name" { type = string }
variable "key_arn" { type = string }
variable "log_days" { type = number }
variable "rules" {
  type        = string
  description = "The alert rules, YAML: watching/rules.yaml of coffre deploy render."
  validation {
    condition     = can(yamldecode(var.rules)["groups"])
    error_message = "The rules are what coffre deploy render writes into watching/rules.yaml."
  }
}
variable "on_call" {
  type        = list(string)
  description = "E-mail addresses of whoever is on call."
  validation {
    condition     = length(var.on_call) > 0 && alltrue([for each in var.on_call : can(regex("^[^@ ]+@[^@ ]+$", each))])
    error_message = "Somebody is on call: name an address at least."
  }
}

resource "aws_cloudwatch_log_group" "processes" {
  for_each          = toset(["vault", "housekeeper", "worker", "web"])
  name              = "/${var.name}/${each.value}"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_prometheus_workspace" "this" {
  alias       = var.name
  kms_key_arn = var.key_arn
}

resource "aws_prometheus_rule_group_namespace" "this" {
  name         = "coffre"
  workspace_id = aws_prometheus_workspace.this.id
  data         = var.rules
}

locals {
  account = split(":", aws_prometheus_workspace.this.arn)[4]
  region  = split(":", aws_prometheus_workspace.this.arn)[3]
}

resource "aws_sns_topic" "on_call" {
  name              = "${var.name}-on-call"
  kms_master_key_id = var.key_arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AlertsOfThisSite"
      Effect    = "Allow"
      Principal = { Service = "aps.amazonaws.com" }
      Action    = ["sns:GetTopicAttributes", "sns:Publish"]
      Resource  = "arn:aws:sns:${local.region}:${local.account}:${var.name}-on-call"
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_prometheus_workspace.this.arn }
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }]
  })
}

resource "aws_sns_topic_subscription" "on_call" {
  for_each  = toset(var.on_call)
  topic_arn = aws_sns_topic.on_call.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_prometheus_alert_manager_definition" "this" {
  workspace_id = aws_prometheus_workspace.this.id
  definition = yamlencode({
    alertmanager_config = yamlencode({
      route     = { receiver = "on-call", group_by = ["alertname"] }
      receivers = [{ name = "on-call", sns_configs = [{ topic_arn = aws_sns_topic.on_call.arn, sigv4 = { region = local.region } }] }]
    })
  })
}

output "workspace" { value = aws_prometheus_workspace.this.prometheus_endpoint }
