# A network per zone of trust; the edge alone is reached from outside.

variable "name" { type = string }
variable "external_network" {
  type        = string
  description = "Name of the provider's network that floating addresses are of."
}
variable "cidr" {
  type    = string
  default = "10.20.0.0/16"
  validation {
    condition     = can(cidrsubnet(var.cidr, 8, 255))
    error_message = "The network is large enough for 256 subnets, such as 10.20.0.0/16."
  }
}
locals {
  tiers  = ["edge", "processes", "vault", "data"]
  groups = ["web", "worker", "housekeeper", "vault", "index", "keys", "accounts", "broker", "root", "watching"]
  # who may call whom on which port; nothing else is open. It follows coffre/deploying/processes.py
  flows = {
    web-accounts       = ["web", "accounts", 5432]
    web-index          = ["web", "index", 5432]
    worker-index       = ["worker", "index", 5432]
    housekeeper-index  = ["housekeeper", "index", 5432]
    vault-keys         = ["vault", "keys", 5432]
    web-broker         = ["web", "broker", 5671]
    worker-broker      = ["worker", "broker", 5671]
    housekeeper-broker = ["housekeeper", "broker", 5671]
    web-vault          = ["web", "vault", 8443]
    worker-vault       = ["worker", "vault", 8443]
    housekeeper-vault  = ["housekeeper", "vault", 8443]
    vault-root         = ["vault", "root", 8200]
    watching-intake    = ["watching", "web", 9464]
    watching-reader    = ["watching", "web", 9465]
    watching-gateway   = ["watching", "web", 9466]
    watching-signin    = ["watching", "web", 9467]
  }
  asks_objects = ["web", "worker", "housekeeper", "vault"]
}

data "openstack_networking_network_v2" "external" {
  name     = var.external_network
  external = true
}

resource "openstack_networking_network_v2" "tier" {
  for_each              = toset(local.tiers)
  name                  = "${var.name}-${each.value}"
  port_security_enabled = true
}

resource "openstack_networking_subnet_v2" "tier" {
  for_each   = toset(local.tiers)
  name       = "${var.name}-${each.value}"
  network_id = openstack_networking_network_v2.tier[each.value].id
  cidr       = cidrsubnet(var.cidr, 8, index(local.tiers, each.value))
  ip_version = 4
}

resource "openstack_networking_router_v2" "this" {
  name                = var.name
  external_network_id = data.openstack_networking_network_v2.external.id
}

resource "openstack_networking_router_interface_v2" "this" {
  for_each  = toset(local.tiers)
  router_id = openstack_networking_router_v2.this.id
  subnet_id = openstack_networking_subnet_v2.tier[each.value].id
}

# without the rules that OpenStack adds by itself, which let everything out
resource "openstack_networking_secgroup_v2" "this" {
  for_each             = toset(local.groups)
  name                 = "${var.name}-${each.value}"
  delete_default_rules = true
}

resource "openstack_networking_secgroup_rule_v2" "in" {
  for_each          = local.flows
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = each.value[2]
  port_range_max    = each.value[2]
  security_group_id = openstack_networking_secgroup_v2.this[each.value[1]].id
  remote_group_id   = openstack_networking_secgroup_v2.this[each.value[0]].id
}

resource "openstack_networking_secgroup_rule_v2" "out" {
  for_each          = local.flows
  direction         = "egress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = each.value[2]
  port_range_max    = each.value[2]
  security_group_id = openstack_networking_secgroup_v2.this[each.value[0]].id
  remote_group_id   = openstack_networking_secgroup_v2.this[each.value[1]].id
}

resource "openstack_networking_secgroup_rule_v2" "objects" {
  for_each          = toset(local.asks_objects)
  direction         = "egress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 443
  port_range_max    = 443
  security_group_id = openstack_networking_secgroup_v2.this[each.value].id
  remote_ip_prefix  = var.objects_network
}

variable "objects_network" {
  type        = string
  description = "Where the provider's object store answers."
  validation {
    condition     = can(cidrhost(var.objects_network, 0)) && var.objects_network != "0.0.0.0/0"
    error_message = "Name the network of the object store: 0.0.0.0/0 would let every process out to everybody."
  }
}

# by the balancer, which stands in the edge
resource "openstack_networking_secgroup_rule_v2" "edge" {
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 443
  port_range_max    = 443
  security_group_id = openstack_networking_secgroup_v2.this["web"].id
  remote_ip_prefix  = openstack_networking_subnet_v2.tier["edge"].cidr
}

output "edge_subnet" { value = openstack_networking_subnet_v2.tier["edge"].id }
output "networks" { value = { for name, each in openstack_networking_network_v2.tier : name => each.id } }
output "groups" { value = { for name, each in openstack_networking_secgroup_v2.this : name => each.id } }
output "reach" {
  description = "All that processes speak with: this network and the object store."
  value       = [var.cidr, var.objects_network]
}
