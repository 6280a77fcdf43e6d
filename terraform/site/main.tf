# What is true of a site wherever it runs: names, who may do what, the settings of each process. No provider is
# asked: this module plans and applies with Terraform alone.

terraform {
  required_version = ">= 1.9"
}

locals {
  bucket = coalesce(var.objects_bucket, "${var.name}-objects")
  second = "${var.name}-checkpoints"
  # what runs on which machines: the proxy and the four processes behind it share some, each with a user of its own
  hosts  = ["vault", "housekeeper", "worker", "web"]
  copies = merge({ for each in local.hosts : each => 2 }, var.copies, { vault = 1 })
  objects = {
    housekeeper = ["read", "write", "delete", "list"]
    worker      = ["read", "write"]
    web         = ["read", "write"]
  }
  at_aws     = startswith(var.cloud, "amazonaws.")
  place      = local.at_aws ? "region=${var.region}" : "endpoint=${coalesce(var.objects_endpoint, "none")}&region=${var.region}"
  objects_at = "s3://${local.bucket}?${local.place}"
  second_at  = "s3://${local.second}?${local.place}"

  common = {
    COFFRE_ENVIRONMENT = var.environment
    COFFRE_PUBLIC_URL  = var.public_url
    COFFRE_LOG_FORMAT  = "json"
  }
  asks_vault = { COFFRE_VAULT_URL = "https://${var.hosts.vault}" }
  tls = {
    COFFRE_VAULT_TLS_CERTIFICATE = "/etc/coffre/tls/process.crt"
    COFFRE_VAULT_TLS_KEY         = "/etc/coffre/tls/process.key"
    COFFRE_VAULT_TLS_AUTHORITY   = "/etc/coffre/tls/authority.crt"
  }
  has_objects = { COFFRE_OBJECTS_URL = local.objects_at }
  serves = {
    COFFRE_TRUSTED_PROXIES = join(",", var.trusted_proxies)
  }
  settings = {
    vault = merge(local.common, local.asks_vault, local.tls, {
      COFFRE_VAULT_ROOT       = var.root
      COFFRE_SECOND_PLACE_URL = local.second_at
    })
    housekeeper = merge(local.common, local.asks_vault, local.tls, local.has_objects)
    worker      = merge(local.common, local.asks_vault, local.tls, local.has_objects)
    intake      = merge(local.common, local.has_objects, local.serves, { COFFRE_OPERATOR_ADDRESS = "0.0.0.0:9464" })
    reader      = merge(local.common, local.asks_vault, local.tls, local.has_objects, local.serves, { COFFRE_OPERATOR_ADDRESS = "0.0.0.0:9465" })
    gateway     = merge(local.common, local.asks_vault, local.tls, local.has_objects, local.serves, { COFFRE_OPERATOR_ADDRESS = "0.0.0.0:9466" })
    signin      = merge(local.common, local.asks_vault, local.tls, local.serves, { COFFRE_OPERATOR_ADDRESS = "0.0.0.0:9467" })
  }
}
