"""Apply to another server what Terraform would have had a provider make: the same values, by boto3."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Values = Mapping[str, Any]


def bucket(client: Any, values: Values) -> None:
    client.create_bucket(
        Bucket=values["bucket"],
        ObjectLockEnabledForBucket=bool(values["object_lock_enabled"]),
        CreateBucketConfiguration={"LocationConstraint": "eu-west-3"},
    )


def versioning(client: Any, values: Values) -> None:
    status = values["versioning_configuration"][0]["status"]
    client.put_bucket_versioning(Bucket=values["bucket"], VersioningConfiguration={"Status": status})


def lock(client: Any, values: Values) -> None:
    rule = values["rule"][0]["default_retention"][0]
    client.put_object_lock_configuration(
        Bucket=values["bucket"],
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": rule["mode"], "Days": int(rule["days"])}},
        },
    )


def public_block(client: Any, values: Values) -> None:
    client.put_public_access_block(
        Bucket=values["bucket"],
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": values["block_public_acls"],
            "IgnorePublicAcls": values["ignore_public_acls"],
            "BlockPublicPolicy": values["block_public_policy"],
            "RestrictPublicBuckets": values["restrict_public_buckets"],
        },
    )


def policy(client: Any, values: Values) -> None:
    client.put_bucket_policy(Bucket=values["bucket"], Policy=values["policy"])


def lifecycle(client: Any, values: Values) -> None:
    rule = values["rule"][0]
    client.put_bucket_lifecycle_configuration(
        Bucket=values["bucket"],
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": rule["id"],
                    "Status": rule["status"],
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {
                        "NoncurrentDays": int(rule["noncurrent_version_expiration"][0]["noncurrent_days"])
                    },
                    "AbortIncompleteMultipartUpload": {
                        "DaysAfterInitiation": int(
                            rule["abort_incomplete_multipart_upload"][0]["days_after_initiation"]
                        )
                    },
                }
            ]
        },
    )


def cors(client: Any, values: Values) -> None:
    rule = values["cors_rule"][0]
    client.put_bucket_cors(
        Bucket=values["bucket"],
        CORSConfiguration={
            "CORSRules": [
                {
                    "AllowedOrigins": list(rule["allowed_origins"]),
                    "AllowedMethods": list(rule["allowed_methods"]),
                    "AllowedHeaders": list(rule["allowed_headers"]),
                    "ExposeHeaders": list(rule["expose_headers"]),
                    "MaxAgeSeconds": int(rule["max_age_seconds"]),
                }
            ]
        },
    )


CALLS: Mapping[str, Callable[[Any, Values], None]] = {
    "aws_s3_bucket": bucket,
    "aws_s3_bucket_versioning": versioning,
    "aws_s3_bucket_object_lock_configuration": lock,
    "aws_s3_bucket_public_access_block": public_block,
    "aws_s3_bucket_policy": policy,
    "aws_s3_bucket_lifecycle_configuration": lifecycle,
    "aws_s3_bucket_cors_configuration": cors,
}
"""In the order in which a bucket is made."""


def buckets(applied: Iterable[tuple[str, Values]]) -> dict[str, str]:
    """Names by the ids under which resources of Terraform know them."""
    return {values["id"]: values["bucket"] for kind, values in applied if kind == "aws_s3_bucket"}


def apply(client: Any, applied: Iterable[tuple[str, Values]], without: frozenset[str] = frozenset()) -> None:
    """Makes every bucket among `applied`, as (type, values), with all that belongs to it."""
    listed = list(applied)
    names = buckets(listed)
    for kind, call in CALLS.items():
        for each, values in listed:
            if each == kind and kind not in without:
                call(client, {**values, "bucket": names.get(values["bucket"], values["bucket"])})
