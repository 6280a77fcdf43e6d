"""The bucket of an `s3://` address through boto3.

Signature v4; checksums only where S3 requires them, since Ceph refuses the others over HTTPS and GCM, TLS
and the signed SHA-256 of plain HTTP cover the bytes; one try per request, since `bucket.patiently` repeats.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from urllib3.exceptions import HTTPError

from storage.objects.address import Address
from storage.objects.bucket import (
    HEADERS,
    WRITER,
    Body,
    Failure,
    Found,
    Pending,
    body_of,
    content_md5,
    range_header,
)
from storage.objects.credentials import Credentials

CONNECTIONS = 32
CONNECT_TIMEOUT_S = 5
_WRITTEN = {"ContentType": HEADERS["Content-Type"], "CacheControl": HEADERS["Cache-Control"]}


class BotoBucket:
    """A `Bucket`. Without `credentials` boto3 looks where it always does: AWS variables, profiles, roles."""

    def __init__(self, address: Address, credentials: Credentials | None = None) -> None:
        self._bucket = address.bucket
        self._region = address.region
        self._client = boto3.session.Session().client(
            "s3",
            endpoint_url=address.endpoint,
            region_name=address.region,
            aws_access_key_id=credentials.access_key if credentials else None,
            aws_secret_access_key=credentials.secret_key if credentials else None,
            verify=address.ca,
            config=_config(address),
        )
        self._client.meta.events.register("before-send.s3", _stays_at(address.host))

    def put(self, key: str, body: bytes | bytearray, writer: str, *, only_new: bool) -> str | None:
        version: str | None = self._call(
            "put_object", Key=key, Body=body, Metadata={WRITER: writer}, **_WRITTEN, **_condition(only_new)
        ).get("VersionId")
        return version

    def begin(self, key: str, writer: str) -> str:
        answer = self._call("create_multipart_upload", Key=key, Metadata={WRITER: writer}, **_WRITTEN)
        return str(answer["UploadId"])

    def put_part(self, key: str, upload: str, number: int, body: bytes | bytearray) -> str:
        answer = self._call("upload_part", Key=key, UploadId=upload, PartNumber=number, Body=body)
        return str(answer["ETag"])

    def complete(self, key: str, upload: str, etags: Sequence[str], *, only_new: bool) -> None:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
        self._call(
            "complete_multipart_upload",
            Key=key,
            UploadId=upload,
            MultipartUpload={"Parts": parts},
            **_condition(only_new),
        )

    def drop(self, key: str, upload: str) -> None:
        self._call("abort_multipart_upload", Key=key, UploadId=upload)

    def pending(self, prefix: str) -> Iterator[Pending]:
        markers: dict[str, str] = {}
        while True:
            answer = self._call("list_multipart_uploads", Prefix=prefix, **markers)
            for each in answer.get("Uploads", ()):
                yield Pending(each["Key"], each["UploadId"], each["Initiated"].timestamp())
            if not answer.get("IsTruncated"):
                return
            markers = {"KeyMarker": answer["NextKeyMarker"], "UploadIdMarker": answer["NextUploadIdMarker"]}

    def head(self, key: str) -> Found | None:
        try:
            answer = self._call("head_object", Key=key)
        except Failure as failure:
            if failure.status == 404:
                return None
            raise
        return Found(answer["ContentLength"], answer["Metadata"].get(WRITER), answer.get("VersionId"))

    def get(self, key: str, start: int = 0, stop: int | None = None) -> Body:
        wanted = range_header(start, stop)
        answer = self._call("get_object", Key=key, **({"Range": wanted} if wanted else {}))
        stream, meta = answer["Body"], answer["ResponseMetadata"]

        def take(length: int) -> bytes:
            return bytes(_tried(lambda: stream.read(length)))

        return body_of(meta["HTTPStatusCode"], meta["HTTPHeaders"], take, stream.close)

    def delete(self, key: str, version: str | None = None) -> None:
        self._call("delete_object", Key=key, **({"VersionId": version} if version else {}))

    def versions(self, key: str) -> list[str]:
        answer = self._call("list_object_versions", Prefix=key)
        found = [each for kind in ("DeleteMarkers", "Versions") for each in answer.get(kind, ())]
        mine = [each for each in found if each["Key"] == key]
        mine.sort(key=lambda each: each["LastModified"], reverse=True)
        return [each["VersionId"] for each in mine]

    def presigned(self, key: str, seconds: int) -> str:
        return str(
            _tried(
                lambda: self._client.generate_presigned_url(
                    "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
                )
            )
        )

    def region(self) -> str | None:
        place: str | None = self._call("head_bucket").get("BucketRegion")
        return place

    def create(self, *, locked: bool) -> None:
        place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        self._call(
            "create_bucket",
            ObjectLockEnabledForBucket=locked,
            **(place if self._region != "us-east-1" else {}),
        )

    def keep_versions(self) -> None:
        self._call("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"})

    def admit(self, origins: Sequence[str]) -> None:
        rule = {
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedOrigins": list(origins),
            "AllowedHeaders": ["range"],
            "ExposeHeaders": ["Content-Range", "Content-Length"],
            "MaxAgeSeconds": 600,
        }
        self._call("put_bucket_cors", CORSConfiguration={"CORSRules": [rule]})

    def put_locked(self, key: str, body: bytes, until: float, *, hold: bool) -> None:
        self._call(
            "put_object",
            Key=key,
            Body=body,
            ContentMD5=content_md5(body),
            ObjectLockMode="COMPLIANCE",
            ObjectLockRetainUntilDate=datetime.fromtimestamp(until, UTC),
            **({"ObjectLockLegalHoldStatus": "ON"} if hold else {}),
            **_WRITTEN,
            **_condition(True),
        )

    def locked_until(self, key: str) -> float | None:
        try:
            answer = self._call("get_object_retention", Key=key)
        except Failure as failure:
            if 400 <= failure.status < 500 or failure.status == 501:
                return None
            raise
        until: datetime | None = answer.get("Retention", {}).get("RetainUntilDate")
        return until.timestamp() if until else None

    def _call(self, verb: str, **parameters: object) -> Any:
        return _tried(lambda: getattr(self._client, verb)(Bucket=self._bucket, **parameters))


def _tried(call: Callable[[], Any]) -> Any:
    """What boto3 answers, or `Failure`."""
    try:
        return call()
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise Failure(status, str(error.response.get("Error", {}).get("Code", ""))) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise Failure(403, "NoCredentials") from None
    except (BotoCoreError, HTTPClientError, HTTPError, OSError) as error:
        raise Failure(0, type(error).__name__) from None


def _condition(only_new: bool) -> dict[str, str]:
    return {"IfNoneMatch": "*"} if only_new else {}


def _config(address: Address) -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual" if address.virtual_host else "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=address.timeout,
        max_pool_connections=CONNECTIONS,
        tcp_keepalive=True,
        ignore_configured_endpoint_urls=True,
    )


def _stays_at(host: str) -> Callable[..., None]:
    """boto3 follows a store's word to another region; the bytes go where the address says, or nowhere."""

    def check(request: Any, **_: object) -> None:
        found = urlsplit(request.url).netloc
        if found != host and not found.endswith(f".{host}"):
            raise Failure(403, "OtherRegion")

    return check
