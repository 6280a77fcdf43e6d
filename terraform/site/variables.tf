variable "name" {
  type        = string
  description = "Of the installation; begins the names of buckets, keys, databases and roles."
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}$", var.name))
    error_message = "The name has 3 to 21 characters of a-z, 0-9 and -, and begins with a letter."
  }
}

variable "environment" {
  type        = string
  description = "What the installation is made for, for good: demo, test or production."
  validation {
    condition     = contains(["demo", "test", "production"], var.environment)
    error_message = "The environment is demo, test or production."
  }
}

variable "cloud" {
  type        = string
  description = "The domain of the provider's object store, as in records/places.py."
  validation {
    condition     = contains(keys(local.eea_regions), var.cloud)
    error_message = "The provider is one of those whose regions are known here: see terraform/site/regions.tf."
  }
}

variable "region" {
  type        = string
  description = "Where everything lies. Health data stay in the European Economic Area (R50)."
  validation {
    condition     = contains(lookup(local.eea_regions, var.cloud, []), var.region)
    error_message = "Health data stay in the European Economic Area: name a region of the provider that lies there."
  }
}

variable "replica_region" {
  type        = string
  default     = null
  description = "Where copies of objects go; none by default."
  validation {
    condition     = var.replica_region == null ? true : contains(lookup(local.eea_regions, var.cloud, []), var.replica_region)
    error_message = "Copies of health data stay in the European Economic Area, too: name a region that lies there."
  }
  validation {
    condition     = var.replica_region != var.region
    error_message = "A copy in the same region is none: name another one, or leave replica_region out."
  }
}

variable "zones" {
  type        = list(string)
  default     = []
  description = "Availability zones, each of the region."
  validation {
    condition     = alltrue([for zone in var.zones : can(regex("^${var.region}-?[a-z0-9]$", zone))])
    error_message = "A zone is one of the region: its name begins with the region's."
  }
}

variable "hosts" {
  type = object({
    vault    = string
    index    = string
    accounts = optional(string)
    keys     = string
    broker   = string
  })
  description = "Host names (and ports) of the vault, the databases of index and of the vault, and the broker. Where they lie is judged in places.tf."
  validation {
    condition = alltrue([
      for host in values(var.hosts) :
      host == null ? true : can(regex("^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.?)+(:[0-9]+)?$", host))
    ])
    error_message = "A host is a name or an IPv4 address, with a port where it needs one: vault.coffre.internal:8443."
  }
}

variable "public_url" {
  type        = string
  description = "The origin under which patients and professionals reach it."
  validation {
    condition     = can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$", var.public_url))
    error_message = "The origin is https://name, without a path."
  }
}

variable "objects_bucket" {
  type        = string
  default     = null
  description = "Of the objects; default: NAME-objects."
  validation {
    condition     = var.objects_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.objects_bucket))
    error_message = "A bucket's name has 3 to 63 characters of a-z, 0-9 and -, and neither begins nor ends with -."
  }
}

variable "objects_endpoint" {
  type        = string
  default     = null
  description = "Origin of the object store, where it is not AWS."
  validation {
    condition = var.objects_endpoint == null ? var.cloud == "amazonaws.com" || var.cloud == "amazonaws.eu" : (
      can(regex("^https://[a-z0-9.-]+$", var.objects_endpoint)) &&
      anytrue([for after in lookup(local.after_region, var.cloud, []) : endswith(var.objects_endpoint, ".${var.region}${after}.${var.cloud}")])
    )
    error_message = "The endpoint is https://…, of the provider, and its name has the region in its place; only AWS needs none."
  }
}

variable "root" {
  type        = string
  description = "COFFRE_VAULT_ROOT: where the vault's root is, such as aws-kms:alias/…?region=… or transit:https://… Where it lies is judged in places.tf."
  validation {
    condition     = !can(regex("(^|[:+])file:", var.root))
    error_message = "A root that is a file is for demos: name an HSM, a key management service or a transit engine."
  }
  validation {
    condition     = can(regex("^(${local.root_form}|combined:${local.root_form}\\+${local.root_form})$", var.root))
    error_message = "A root is written as COFFRE_VAULT_ROOT is: aws-kms:, transit:https://, quorum:, pkcs11:, or combined: with two of them."
  }
}

variable "trusted_proxies" {
  type        = list(string)
  default     = ["127.0.0.1"]
  description = "Addresses or networks of the proxies before the processes; the proxy runs beside them."
  validation {
    condition = alltrue([
      for each in var.trusted_proxies :
      can(regex("^[0-9a-fA-F.:]+(/[0-9]+)?$", each)) &&
      can(cidrhost(strcontains(each, "/") ? each : strcontains(each, ":") ? "${each}/128" : "${each}/32", 0))
    ])
    error_message = "Proxies are addresses or networks, such as 10.0.0.0/28."
  }
  validation {
    # several networks of half the world are the world: so each is small; and IPv4 is written as such
    condition = alltrue([
      for each in var.trusted_proxies : strcontains(each, ":") ? (
        try(tonumber(split("/", each)[1]) >= 48, !strcontains(each, "/")) &&
        (contains(["::1", "::1/128"], each) || !can(regex("^::|[.]", cidrhost(strcontains(each, "/") ? each : "${each}/128", 0))))
      ) : try(tonumber(split("/", each)[1]) >= 16, !strcontains(each, "/"))
    ])
    error_message = "Whoever is trusted may say who calls: name the proxies, not everybody; a network is /16 (IPv6: /48) or smaller."
  }
}

variable "copies" {
  type        = map(number)
  default     = {}
  description = "How many machines have this task: worker, web, housekeeper; default 2 of each."
  validation {
    condition     = length(setsubtract(keys(var.copies), ["worker", "web", "housekeeper"])) == 0
    error_message = "Copies are of worker, web or housekeeper; one vault runs."
  }
  validation {
    condition     = alltrue([for count in values(var.copies) : count >= 1 && count <= 64 && floor(count) == count])
    error_message = "Of a task 1 to 64 machines run."
  }
}

variable "retention" {
  type = object({
    vault_backup_days = optional(number, 7)
    index_backup_days = optional(number, 14)
    checkpoint_days   = optional(number, 3650)
    log_days          = optional(number, 365)
    replaced_days     = optional(number, 1)
  })
  default     = {}
  description = "Days: backups of the vault's database and of the index, locks on checkpoints, operators' logs, replaced versions of objects."
  validation {
    condition     = var.retention.vault_backup_days >= 1 && var.retention.vault_backup_days <= 7
    error_message = "A shredded key is gone when the last backup that holds it is: backups of the vault live 1 to 7 days."
  }
  validation {
    condition     = var.retention.index_backup_days >= 1 && var.retention.index_backup_days <= 35
    error_message = "Backups of the index live 1 to 35 days."
  }
  validation {
    condition     = var.retention.checkpoint_days >= 365
    error_message = "Checkpoints of the log are locked for a year at least."
  }
  validation {
    condition     = var.retention.log_days >= 180 && var.retention.log_days <= 1096
    error_message = "Operators' logs are kept six months to three years (CNIL, recommendation on logging)."
  }
  validation {
    condition     = var.retention.replaced_days >= 1 && var.retention.replaced_days <= 30
    error_message = "A version that was replaced or deleted is gone after 1 to 30 days."
  }
}

variable "account" {
  type        = string
  default     = ""
  description = "The account at AWS, in policies; empty elsewhere."
  validation {
    condition     = can(regex("^([0-9]{12})?$", var.account))
    error_message = "An account of AWS has twelve digits."
  }
}
