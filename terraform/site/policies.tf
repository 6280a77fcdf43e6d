# Policies as data: modules hand them to the provider, tests to other servers by the same calls.

locals {
  buckets    = { objects = local.bucket, checkpoints = local.second }
  bucket_arn = "arn:aws:s3:::${local.bucket}"
  roles      = { for each in local.hosts : each => "arn:aws:iam::${var.account}:role/${var.name}-${each}" }
  actions = {
    read   = ["s3:GetObject"]
    write  = ["s3:PutObject", "s3:AbortMultipartUpload"]
    delete = ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:AbortMultipartUpload"]
    list   = ["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]
  }

  bucket_policies = {
    for key, bucket in local.buckets : key => {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "OverTlsAlone"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "OfThisAccountAlone"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]
          Condition = { StringNotEquals = { "aws:PrincipalAccount" = var.account } }
        },
      ]
    }
  }

  # the rights of each kind of machine; nobody may change the bucket itself
  object_policies = {
    for host, rights in local.objects : host => {
      Version = "2012-10-17"
      Statement = concat(
        [{
          Effect   = "Allow"
          Action   = sort(distinct(flatten([for right in rights : local.actions[right] if right != "list"])))
          Resource = ["${local.bucket_arn}/*"]
        }],
        # without ListBucket AWS answers 403 for an object that is missing
        [{
          Effect   = "Allow"
          Action   = contains(rights, "list") ? local.actions.list : ["s3:ListBucket"]
          Resource = [local.bucket_arn]
        }],
      )
    }
  }

  # the vault alone opens anything with the root's key; who administers it can't
  key_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administration"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account}:root" }
        Action = [
          "kms:CancelKeyDeletion", "kms:Create*", "kms:Describe*", "kms:Disable*", "kms:Enable*", "kms:Get*",
          "kms:List*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*",
        ]
        Resource = "*"
      },
      {
        Sid       = "TheVaultAlone"
        Effect    = "Allow"
        Principal = { AWS = local.roles.vault }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        Resource  = "*"
      },
    ]
  }

  # what the vault kept for a week it removes, every version of it; what is still locked the store keeps
  checkpoint_policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = [
        "s3:GetObject", "s3:GetObjectRetention", "s3:PutObject", "s3:PutObjectRetention", "s3:DeleteObjectVersion",
        "s3:ListBucket", "s3:ListBucketVersions",
      ]
      Resource = ["arn:aws:s3:::${local.second}", "arn:aws:s3:::${local.second}/*"]
    }]
  }

  lifecycle = {
    replaced_days  = var.retention.replaced_days
    multipart_days = 2
  }
}
