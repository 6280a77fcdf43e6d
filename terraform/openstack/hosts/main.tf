# Machines with one task each: the processes of Coffre, and where the provider has no such service to rent, the
# databases, the broker, the vault's root (OpenBao) and what watches. Volumes are of an encrypted type.

variable "name" { type = string }
variable "image" {
  type        = string
  description = "Id of an image with Debian, the wheel of Coffre and its units: docs/deploy.md says how it is made."
}
variable "networks" { type = map(string) }
variable "groups" { type = map(string) }
variable "volume_type" {
  type        = string
  default     = "classic-luks"
  description = "A type of volumes that the provider encrypts."
  validation {
    condition     = strcontains(var.volume_type, "luks")
    error_message = "Volumes are of a type that encrypts, such as classic-luks."
  }
}
variable "hosts" {
  type = map(object({
    copies = optional(number, 1)
    flavor = optional(string, "b3-8")
    gib    = optional(number, 0)
    tier   = optional(string, "processes")
  }))
  description = "By task: how many, how large, which volume for data."
  validation {
    condition     = alltrue([for each in values(var.hosts) : each.copies >= 1 && each.copies <= 64 && each.gib >= 0])
    error_message = "Of each task run 1 to 64 machines, with volumes of 0 GiB (none) or more."
  }
  validation {
    condition     = try(var.hosts["vault"].copies, 1) == 1
    error_message = "One vault runs."
  }
}

locals {
  each = merge([
    for task, host in var.hosts : {
      for n in range(host.copies) : "${task}-${n}" => merge(host, { task = task })
    }
  ]...)
}

resource "openstack_compute_servergroup_v2" "apart" {
  for_each = var.hosts
  name     = "${var.name}-${each.key}"
  policies = ["soft-anti-affinity"]
}

resource "openstack_networking_port_v2" "this" {
  for_each           = local.each
  name               = "${var.name}-${each.key}"
  network_id         = var.networks[each.value.tier]
  security_group_ids = [var.groups[each.value.task]]
  admin_state_up     = true
}

resource "openstack_compute_instance_v2" "this" {
  for_each     = local.each
  name         = "${var.name}-${each.key}"
  image_id     = var.image
  flavor_name  = each.value.flavor
  config_drive = true
  # no secret: user data can be read by whoever may look at the project. Secrets are brought by docs/deploy.md's walk
  user_data = "#!/bin/sh\nsystemctl enable coffre-${each.value.task}.target\n"
  network {
    port = openstack_networking_port_v2.this[each.key].id
  }
  scheduler_hints {
    group = openstack_compute_servergroup_v2.apart[each.value.task].id
  }
}

resource "openstack_blockstorage_volume_v3" "data" {
  for_each    = { for name, host in local.each : name => host if host.gib > 0 }
  name        = "${var.name}-${each.key}-data"
  size        = each.value.gib
  volume_type = var.volume_type
}

resource "openstack_compute_volume_attach_v2" "data" {
  for_each    = openstack_blockstorage_volume_v3.data
  instance_id = openstack_compute_instance_v2.this[each.key].id
  volume_id   = each.value.id
}

output "addresses" {
  value = { for name, port in openstack_networking_port_v2.this : name => port.all_fixed_ips[0] }
}
output "web" {
  value = [for name, host in local.each : openstack_networking_port_v2.this[name].all_fixed_ips[0] if host.task == "web"]
}
