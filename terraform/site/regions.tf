# The same tables as PROVIDERS and SILENT of records/places.py, which a test compares. They name what is allowed, so
# that a region that is new or mistyped is refused.
locals {
  eea_regions = {
    "amazonaws.com"       = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
    "amazonaws.eu"        = ["eusc-de-east-1"]
    "api.aws"             = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
    "on.aws"              = ["eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"]
    "cache.amazonaws.com" = ["euc1", "eun1", "eus1", "eus2", "euw1", "euw3"]
    "okms.ovh.net"        = ["eu-central-waw", "eu-south-mil", "eu-west-gra", "eu-west-lim", "eu-west-par", "eu-west-rbx", "eu-west-sbg"]
    "ovh.net"             = ["de", "eu-south-mil", "eu-west-par", "gra", "rbx", "sbg", "waw"]
    "outscale.com"        = ["cloudgouv-eu-west-1", "eu-west-2"]
    "scw.cloud"           = ["fr-par", "it-mil", "nl-ams", "pl-waw"]
  }
  # what stands between the region and the provider's domain in the name of a host; a name that ends so has a region
  after_region = {
    "amazonaws.com"       = ["", ".compute", ".elb", ".rds", ".vpce"]
    "amazonaws.com.cn"    = [""]
    "amazonaws.eu"        = ["", ".compute", ".elb", ".rds", ".vpce"]
    "api.aws"             = [""]
    "on.aws"              = [""]
    "cache.amazonaws.com" = [""]
    "okms.ovh.net"        = [""]
    "ovh.net"             = [".cloud", ".io.cloud", ".perf.cloud"]
    "ovh.us"              = [""]
    "outscale.com"        = ["", ".compute", ".lbu"]
    "scw.cloud"           = [""]
  }
  # domains whose names tell no region, whichever it is
  silent = ["database.cloud.ovh.net", "instances.scw.cloud", "tem.scw.cloud"]
}
