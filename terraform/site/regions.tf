# The same tables as PROVIDERS of records/places.py, which a test compares. They name what is allowed, so that a
# region that is new or mistyped is refused.
locals {
  eea_regions = {
    "amazonaws.com" = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
    "amazonaws.eu"  = ["eusc-de-east-1"]
    "api.aws"       = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
    "on.aws"        = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
    "ovh.net"       = ["de", "eu-south-mil", "eu-west-par", "gra", "rbx", "sbg", "waw"]
    "outscale.com"  = ["cloudgouv-eu-west-1", "eu-west-2"]
    "scw.cloud"     = ["fr-par", "it-mil", "nl-ams", "pl-waw"]
  }
  # what stands between the region and the provider's domain in the name of a host
  after_region = {
    "amazonaws.com"    = ["", ".compute", ".elb", ".rds", ".vpce"]
    "amazonaws.com.cn" = []
    "amazonaws.eu"     = ["", ".compute", ".elb", ".rds", ".vpce"]
    "api.aws"          = [""]
    "on.aws"           = [""]
    "ovh.net"          = [".cloud", ".io.cloud", ".perf.cloud"]
    "ovh.us"           = []
    "outscale.com"     = ["", ".compute", ".lbu"]
    "scw.cloud"        = [""]
  }
}
