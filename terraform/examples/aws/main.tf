# A site at AWS in Paris, eu-west-3. AWS is certified for health data (HDS) there: docs/hds.md says what that covers.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "region" {
  type    = string
  default = "eu-west-3"
}
variable "name" {
  type    = string
  default = "coffre"
}
variable "public_url" { type = string }
variable "image" { type = string }
variable "on_call" { type = list(string) }
variable "broker_password" {
  type      = string
  sensitive = true
}
variable "rules" {
  type        = string
  default     = "rules.yaml"
  description = "File that coffre deploy render wrote."
}

provider "aws" {
  region = module.site.region
  default_tags {
    tags = { coffre = var.name }
  }
}

data "aws_caller_identity" "this" {}

locals {
  zones = [for letter in ["a", "b", "c"] : "${var.region}${letter}"]
}

module "site" {
  source      = "../../site"
  name        = var.name
  environment = "production"
  cloud       = "amazonaws.com"
  region      = var.region
  zones       = local.zones
  account     = data.aws_caller_identity.this.account_id
  public_url  = var.public_url
  root        = "aws-kms:alias/${var.name}-root?region=${var.region}"
  hosts = {
    vault    = "vault.${var.name}.internal:8443"
    index    = module.database.hosts["index"]
    keys     = module.database.hosts["keys"]
    accounts = module.database.hosts["accounts"]
    broker   = "${module.broker.id}.mq.${var.region}.amazonaws.com"
  }
}

module "kms" {
  source     = "../../aws/kms"
  name       = var.name
  account    = data.aws_caller_identity.this.account_id
  region     = var.region
  key_policy = module.site.key_policy
}

module "network" {
  source   = "../../aws/network"
  name     = var.name
  region   = var.region
  zones    = local.zones
  log_days = module.site.retention.log_days
  log_key  = module.kms.rest_arn
}

module "objects" {
  source          = "../../aws/objects"
  bucket          = module.site.bucket
  second_bucket   = module.site.second_bucket
  bucket_policies = module.site.bucket_policies
  key_arn         = module.kms.rest_arn
  lifecycle_days  = module.site.lifecycle
  checkpoint_days = module.site.retention.checkpoint_days
  pages           = [var.public_url]
}

module "database" {
  source      = "../../aws/database"
  name        = var.name
  subnets     = module.network.subnets["data"]
  groups      = { index = module.network.groups["index"], keys = module.network.groups["keys"], accounts = module.network.groups["accounts"] }
  key_arn     = module.kms.rest_arn
  backup_days = { index = module.site.retention.index_backup_days, keys = module.site.retention.vault_backup_days, accounts = module.site.retention.index_backup_days }
  sizes = {
    index    = { class = "db.r7g.xlarge", gib = 200, most_gib = 4000 }
    keys     = { class = "db.r7g.large", gib = 100, most_gib = 1000 }
    accounts = { class = "db.r7g.large", gib = 20, most_gib = 200 }
  }
}

module "broker" {
  source   = "../../aws/broker"
  name     = var.name
  subnets  = module.network.subnets["data"]
  group    = module.network.groups["broker"]
  key_arn  = module.kms.rest_arn
  password = var.broker_password
}

module "services" {
  source             = "../../aws/services"
  name               = var.name
  region             = var.region
  vpc                = module.network.vpc
  subnets            = module.network.subnets
  groups             = module.network.groups
  copies             = module.site.copies
  image              = var.image
  disk_key           = module.kms.rest_arn
  root_key           = module.kms.root_arn
  policies           = module.site.object_policies
  checkpoint_policy  = module.site.checkpoint_policy
  certificate_secret = var.name
}

module "observability" {
  source   = "../../aws/observability"
  name     = var.name
  key_arn  = module.kms.rest_arn
  log_days = module.site.retention.log_days
  on_call  = var.on_call
  rules    = file(var.rules)
}

output "settings" { value = module.site.settings }
output "secrets" { value = module.site.secrets }
output "edge" { value = module.services.edge_name }
output "owner_secrets" {
  value     = module.database.owner_secrets
  sensitive = true
}
output "site" { value = { networks = module.network.reach } }
