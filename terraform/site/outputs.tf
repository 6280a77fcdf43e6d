output "settings" {
  description = "The settings of each process, without secrets: terraform output -json | coffre settings check"
  value       = local.settings
  precondition {
    condition     = length(local.outside) == 0
    error_message = "Health data, and what opens them, stay in the European Economic Area. Name a host there, with its region in its place, in ${join(", ", local.outside)}."
  }
  precondition {
    condition     = alltrue([for each in local.kms_regions : length(each) == 1])
    error_message = "The root's key has one region, in the European Economic Area: name it once, by ?region= or in the key's ARN."
  }
  precondition {
    condition     = alltrue([for each in flatten(local.kms_regions) : contains(concat(local.eea_regions["amazonaws.com"], local.eea_regions["amazonaws.eu"]), each)])
    error_message = "The root's key stays in the European Economic Area: name a region that lies there."
  }
  precondition {
    condition     = length(setsubtract(local.kms_endpoints, flatten(local.kms_regions))) == 0
    error_message = "The root's endpoint is of the region of its key, in the European Economic Area."
  }
}

output "secrets" {
  description = "Which settings each process finds in files, since they are secret."
  value = {
    vault       = ["COFFRE_VAULT_STORE_URL", "COFFRE_DAY_KEYS_URL"]
    housekeeper = ["COFFRE_INDEX_URL", "COFFRE_QUEUE_URL"]
    worker      = ["COFFRE_INDEX_URL", "COFFRE_QUEUE_URL"]
    intake      = ["COFFRE_INDEX_URL", "COFFRE_QUEUE_URL"]
    reader      = ["COFFRE_INDEX_URL"]
    gateway     = ["COFFRE_INDEX_URL"]
    signin      = ["COFFRE_INDEX_URL", "COFFRE_ACCOUNTS_URL"]
  }
}

output "copies" { value = local.copies }
output "bucket" { value = local.bucket }
output "second_bucket" { value = local.second }
output "bucket_policies" { value = { for key, policy in local.bucket_policies : key => jsonencode(policy) } }
output "key_policy" { value = jsonencode(local.key_policy) }
output "object_policies" { value = { for process, policy in local.object_policies : process => jsonencode(policy) } }
output "checkpoint_policy" { value = jsonencode(local.checkpoint_policy) }
output "lifecycle" { value = local.lifecycle }
output "retention" { value = var.retention }
output "replica_region" { value = var.replica_region }
output "region" { value = var.region }
