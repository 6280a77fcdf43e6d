# A site at OVHcloud in Gravelines: machines by OpenStack, objects by S3. OVHcloud is certified for health data (HDS);
# another provider of both kinds differs in region, endpoint and names of flavors.

terraform {
  required_version = ">= 1.9"
  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = "~> 3.0"
    }
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

variable "region" {
  type    = string
  default = "gra"
}
variable "name" {
  type    = string
  default = "coffre"
}
variable "public_url" { type = string }
variable "image" { type = string }
variable "objects_network" { type = string }

provider "openstack" {
  region = upper(module.site.region)
}

# the store speaks S3; its keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
provider "aws" {
  region                      = module.site.region
  skip_credentials_validation = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = "true"
  endpoints {
    s3 = "https://s3.${module.site.region}.io.cloud.ovh.net"
  }
}

module "site" {
  source           = "../../site"
  name             = var.name
  environment      = "production"
  cloud            = "ovh.net"
  region           = var.region
  public_url       = var.public_url
  objects_endpoint = "https://s3.${var.region}.io.cloud.ovh.net"
  root             = "transit:https://root.${var.name}.internal:8200/transit/coffre-root"
  hosts = {
    vault    = "vault.${var.name}.internal:8443"
    index    = "index.${var.name}.internal"
    keys     = "keys.${var.name}.internal"
    accounts = "accounts.${var.name}.internal"
    broker   = "broker.${var.name}.internal"
  }
}

module "network" {
  source           = "../../openstack/network"
  name             = var.name
  external_network = "Ext-Net"
  objects_network  = var.objects_network
}

module "objects" {
  source          = "../../aws/objects"
  bucket          = module.site.bucket
  second_bucket   = module.site.second_bucket
  has_policies    = false # buckets of this store are private, and each process has a user of its own
  public_block    = false
  own_key         = false
  lifecycle_days  = module.site.lifecycle
  checkpoint_days = module.site.retention.checkpoint_days
  pages           = [var.public_url]
}

module "hosts" {
  source   = "../../openstack/hosts"
  name     = var.name
  image    = var.image
  networks = module.network.networks
  groups   = module.network.groups
  hosts = merge(
    { for task, copies in module.site.copies : task => { copies = copies, tier = task == "vault" ? "vault" : "processes" } },
    {
      index    = { flavor = "r3-32", gib = 1000, tier = "data" }
      accounts = { flavor = "b3-8", gib = 50, tier = "data" }
      keys     = { flavor = "b3-16", gib = 200, tier = "data" }
      broker   = { flavor = "b3-8", gib = 20, tier = "data" }
      root     = { copies = 3, flavor = "b3-8", gib = 10, tier = "vault" }
      watching = { flavor = "b3-8", gib = 100 }
    },
  )
}

module "edge" {
  source           = "../../openstack/edge"
  name             = var.name
  subnet           = module.network.edge_subnet
  members          = module.hosts.web
  external_network = "Ext-Net"
}

output "edge" { value = module.edge.address }
output "settings" { value = module.site.settings }
output "secrets" { value = module.site.secrets }
output "addresses" { value = module.hosts.addresses }
output "site" { value = { networks = module.network.reach } }
