# The same table as EEA_REGIONS of storage/objects/address.py, which a test compares. It names what is allowed, so
# that a region that is new or mistyped is refused.
locals {
  eea_regions = {
    "amazonaws.com" = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
    "amazonaws.eu"  = ["eusc-de-east-1"]
    "ovh.net"       = ["de", "eu-south-mil", "eu-west-par", "gra", "rbx", "sbg", "waw"]
    "outscale.com"  = ["cloudgouv-eu-west-1", "eu-west-2"]
    "scw.cloud"     = ["fr-par", "it-mil", "nl-ams", "pl-waw"]
  }
}
