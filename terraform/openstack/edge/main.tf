# One address for everybody, which passes connections on: TLS ends in the proxies, which see certificates of cards.

variable "name" { type = string }
variable "subnet" { type = string }
variable "members" {
  type        = list(string)
  description = "Addresses of the machines with a proxy."
}
variable "external_network" { type = string }

resource "openstack_lb_loadbalancer_v2" "this" {
  name          = "${var.name}-edge"
  vip_subnet_id = var.subnet
}

resource "openstack_lb_listener_v2" "this" {
  name            = "${var.name}-https"
  loadbalancer_id = openstack_lb_loadbalancer_v2.this.id
  protocol        = "TCP"
  protocol_port   = 443
}

resource "openstack_lb_pool_v2" "this" {
  listener_id = openstack_lb_listener_v2.this.id
  protocol    = "PROXYV2" # the proxies learn whom a connection is from
  lb_method   = "SOURCE_IP"
}

resource "openstack_lb_member_v2" "this" {
  for_each      = { for n, address in var.members : n => address }
  pool_id       = openstack_lb_pool_v2.this.id
  address       = each.value
  protocol_port = 443
}

resource "openstack_lb_monitor_v2" "this" {
  pool_id     = openstack_lb_pool_v2.this.id
  type        = "TCP"
  delay       = 5
  timeout     = 3
  max_retries = 3
}

resource "openstack_networking_floatingip_v2" "this" {
  pool    = var.external_network
  port_id = openstack_lb_loadbalancer_v2.this.vip_port_id
}

output "address" { value = openstack_networking_floatingip_v2.this.address }
