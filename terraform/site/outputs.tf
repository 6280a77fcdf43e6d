output "settings" {
  description = "The settings of each process, without secrets: terraform output -json | coffre settings check"
  value       = local.settings
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
