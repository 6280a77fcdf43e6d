# Objects are ciphertext whose keys the vault has. Even so: over TLS alone, of this account alone, never public.
# With a provider whose store speaks S3 (aws { endpoints { s3 = … } }) the same module is used; leave out what
# it has not: has_policies, public_block, own_key, replica.

variable "bucket" { type = string }
variable "second_bucket" { type = string }
variable "has_policies" {
  type        = bool
  default     = true
  description = "Whether the store obeys policies."
}
variable "bucket_policies" {
  type        = map(string)
  default     = {}
  description = "JSON for objects and checkpoints; of terraform/site."
}
variable "public_block" {
  type    = bool
  default = true
}
variable "own_key" {
  type        = bool
  default     = true
  description = "Whether key_arn encrypts at rest; false: a key of the store's own."
}
variable "key_arn" {
  type    = string
  default = null
}
variable "lifecycle_days" {
  type = object({ replaced_days = number, multipart_days = number })
}
variable "checkpoint_days" { type = number }
variable "pages" {
  type        = list(string)
  description = "Origins whose pages fetch ranges of objects."
  validation {
    condition     = alltrue([for each in var.pages : startswith(each, "https://")])
    error_message = "Pages come over https."
  }
}
variable "replica" {
  type        = object({ bucket_arn = string, role_arn = string, key_arn = string })
  default     = null
  description = "The bucket of another region of the EEA that copies go to."
}

locals {
  buckets = { objects = aws_s3_bucket.objects.id, checkpoints = aws_s3_bucket.checkpoints.id }
}

resource "aws_s3_bucket" "objects" {
  # checkov:skip=CKV_AWS_18:who read what is in the vault's log; a log of the store would have addresses and no person
  # checkov:skip=CKV_AWS_21:aws_s3_bucket_versioning.this is of both buckets: not seen through its for_each
  # checkov:skip=CKV_AWS_145:aws_s3_bucket_server_side_encryption_configuration.this is of both buckets: not seen through its for_each
  # checkov:skip=CKV2_AWS_6:aws_s3_bucket_public_access_block.this is of both buckets: not seen through its for_each
  # checkov:skip=CKV2_AWS_62:nothing waits for an event of the store
  bucket        = var.bucket
  force_destroy = false
  lifecycle {
    prevent_destroy = true
  }
}

# checkpoints of the log: locked, so that the owner of the account cannot delete them either
resource "aws_s3_bucket" "checkpoints" {
  # checkov:skip=CKV_AWS_18:who read what is in the vault's log; a log of the store would have addresses and no person
  # checkov:skip=CKV_AWS_21:aws_s3_bucket_versioning.this is of both buckets: not seen through its for_each
  # checkov:skip=CKV_AWS_145:aws_s3_bucket_server_side_encryption_configuration.this is of both buckets: not seen through its for_each
  # checkov:skip=CKV2_AWS_6:aws_s3_bucket_public_access_block.this is of both buckets: not seen through its for_each
  # checkov:skip=CKV2_AWS_62:nothing waits for an event of the store
  # checkov:skip=CKV2_AWS_61:what is no longer locked the vault removes itself, every version of it
  # checkov:skip=CKV_AWS_144:checkpoints are in the log itself, and in the backups of the vault
  bucket              = var.second_bucket
  force_destroy       = false
  object_lock_enabled = true
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.buckets
  bucket   = each.value
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "checkpoints" {
  bucket = aws_s3_bucket.checkpoints.id
  rule {
    default_retention {
      mode = "COMPLIANCE"
      days = var.checkpoint_days
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = var.public_block ? local.buckets : {}
  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "this" {
  for_each = var.has_policies ? local.buckets : {}
  bucket   = each.value
  policy   = var.bucket_policies[each.key]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = var.own_key ? local.buckets : {}
  bucket   = each.value
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = var.key_arn
    }
  }
}

# what is shredded has lost its key; what is deleted is gone from the store when its versions are
resource "aws_s3_bucket_lifecycle_configuration" "objects" {
  bucket = aws_s3_bucket.objects.id
  rule {
    id     = "deleted"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.lifecycle_days.replaced_days
    }
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = var.lifecycle_days.multipart_days
    }
  }
  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_cors_configuration" "objects" {
  bucket = aws_s3_bucket.objects.id
  cors_rule {
    allowed_origins = var.pages
    allowed_methods = ["GET", "HEAD"]
    allowed_headers = ["range"]
    expose_headers  = ["Content-Range", "Content-Length"]
    max_age_seconds = 600
  }
}

resource "aws_s3_bucket_replication_configuration" "objects" {
  count  = var.replica == null ? 0 : 1
  bucket = aws_s3_bucket.objects.id
  role   = var.replica.role_arn
  rule {
    id     = "within-the-eea"
    status = "Enabled"
    filter {}
    delete_marker_replication {
      status = "Enabled" # what was erased here is erased there
    }
    source_selection_criteria {
      sse_kms_encrypted_objects {
        status = "Enabled"
      }
    }
    destination {
      bucket = var.replica.bucket_arn
      encryption_configuration {
        replica_kms_key_id = var.replica.key_arn
      }
    }
  }
  depends_on = [aws_s3_bucket_versioning.this]
}

output "bucket" { value = aws_s3_bucket.objects.id }
output "second_bucket" { value = aws_s3_bucket.checkpoints.id }
