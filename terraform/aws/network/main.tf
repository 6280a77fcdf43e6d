# A network per zone of trust: the edge alone has a way to the internet; what holds data has none.

variable "name" { type = string }
variable "region" { type = string }
variable "cidr" {
  type    = string
  default = "10.20.0.0/16"
  validation {
    condition     = can(cidrsubnet(var.cidr, 8, 255))
    error_message = "The network is large enough for 256 subnets, such as 10.20.0.0/16."
  }
}
variable "zones" {
  type        = list(string)
  description = "Availability zones; three, so that one may fail."
  validation {
    condition     = length(var.zones) >= 2 && alltrue([for zone in var.zones : startswith(zone, var.region)])
    error_message = "Two zones of the region at least."
  }
}
variable "log_days" { type = number }
variable "callers" {
  type        = list(string)
  default     = ["0.0.0.0/0"]
  description = "Networks that may call the edge."
}

locals {
  tiers = ["edge", "processes", "vault", "data"]
  subnets = {
    for pair in setproduct(local.tiers, var.zones) : "${pair[0]}-${pair[1]}" => {
      tier = pair[0]
      zone = pair[1]
      cidr = cidrsubnet(var.cidr, 8, index(local.tiers, pair[0]) * 16 + index(var.zones, pair[1]))
    }
  }
  # who may call whom on which port; nothing else is open. It follows coffre/deploying/processes.py
  groups = ["edge", "web", "worker", "housekeeper", "vault", "index", "keys", "accounts", "broker", "endpoints", "watching"]
  flows = {
    edge-web              = ["edge", "web", 443]
    web-accounts          = ["web", "accounts", 5432]
    web-index             = ["web", "index", 5432]
    worker-index          = ["worker", "index", 5432]
    housekeeper-index     = ["housekeeper", "index", 5432]
    vault-keys            = ["vault", "keys", 5432]
    web-broker            = ["web", "broker", 5671]
    worker-broker         = ["worker", "broker", 5671]
    housekeeper-broker    = ["housekeeper", "broker", 5671]
    web-vault             = ["web", "vault", 8443]
    worker-vault          = ["worker", "vault", 8443]
    housekeeper-vault     = ["housekeeper", "vault", 8443]
    watching-intake       = ["watching", "web", 9464]
    watching-reader       = ["watching", "web", 9465]
    watching-gateway      = ["watching", "web", 9466]
    watching-signin       = ["watching", "web", 9467]
    vault-endpoints       = ["vault", "endpoints", 443]
    web-endpoints         = ["web", "endpoints", 443]
    worker-endpoints      = ["worker", "endpoints", 443]
    housekeeper-endpoints = ["housekeeper", "endpoints", 443]
    watching-endpoints    = ["watching", "endpoints", 443]
  }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

# the group that AWS makes by itself, without its rules
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "this" {
  for_each          = local.subnets
  vpc_id            = aws_vpc.this.id
  availability_zone = each.value.zone
  cidr_block        = each.value.cidr
  tags              = { Name = "${var.name}-${each.key}" }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table" "edge" {
  vpc_id = aws_vpc.this.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table" "inside" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table_association" "this" {
  for_each       = local.subnets
  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = each.value.tier == "edge" ? aws_route_table.edge.id : aws_route_table.inside.id
}

resource "aws_vpc_endpoint" "objects" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.inside.id]
}

resource "aws_vpc_endpoint" "services" {
  for_each            = toset(["kms", "secretsmanager", "logs", "aps-workspaces"])
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for zone in var.zones : aws_subnet.this["vault-${zone}"].id]
  security_group_ids  = [aws_security_group.this["endpoints"].id]
}

resource "aws_security_group" "this" {
  # checkov:skip=CKV2_AWS_5:attached by launch templates and by other modules
  for_each    = toset(local.groups)
  name        = "${var.name}-${each.value}"
  description = "Coffre: ${each.value}"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each                     = local.flows
  description                  = each.key
  security_group_id            = aws_security_group.this[each.value[1]].id
  referenced_security_group_id = aws_security_group.this[each.value[0]].id
  ip_protocol                  = "tcp"
  from_port                    = each.value[2]
  to_port                      = each.value[2]
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each                     = local.flows
  description                  = each.key
  security_group_id            = aws_security_group.this[each.value[0]].id
  referenced_security_group_id = aws_security_group.this[each.value[1]].id
  ip_protocol                  = "tcp"
  from_port                    = each.value[2]
  to_port                      = each.value[2]
}

# to the object store, by the gateway endpoint; the vault reaches it for its checkpoints
resource "aws_vpc_security_group_egress_rule" "objects" {
  for_each          = toset(["web", "worker", "housekeeper", "vault"])
  description       = "${each.value} to the object store"
  security_group_id = aws_security_group.this[each.value].id
  prefix_list_id    = aws_vpc_endpoint.objects.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "callers" {
  for_each          = toset(var.callers)
  description       = "https from ${each.value}"
  security_group_id = aws_security_group.this["edge"].id
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

# addresses and ports alone, no content: who talked to whom, should somebody break in
resource "aws_flow_log" "this" {
  vpc_id               = aws_vpc.this.id
  traffic_type         = "ALL"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.flows.arn
  iam_role_arn         = aws_iam_role.flows.arn
}

variable "log_key" {
  type        = string
  description = "ARN of the key that encrypts logs."
}

resource "aws_cloudwatch_log_group" "flows" {
  name              = "/${var.name}/flows"
  retention_in_days = var.log_days
  kms_key_id        = var.log_key
}

resource "aws_iam_role" "flows" {
  name = "${var.name}-flows"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "vpc-flow-logs.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "flows" {
  name = "write"
  role = aws_iam_role.flows.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.flows.arn}:*"
    }]
  })
}

output "vpc" { value = aws_vpc.this.id }
output "subnets" {
  value = { for tier in local.tiers : tier => [for zone in var.zones : aws_subnet.this["${tier}-${zone}"].id] }
}
output "groups" { value = { for name, group in aws_security_group.this : name => group.id } }
output "reach" {
  description = "All that processes speak with: this network, the object store, and who tells a machine its credentials."
  value       = concat([var.cidr, "169.254.169.254/32"], sort(aws_vpc_endpoint.objects.cidr_blocks))
}
