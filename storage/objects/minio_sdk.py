"""The bucket of a `minio://` address through the MinIO SDK.

The SDK's own `put_object` reads from a file and decides about parts; here the writer does, so requests go
through `Minio._execute`, which signs (v4), sends once and parses errors.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import certifi
from minio import Minio
from minio.commonconfig import ENABLED
from minio.credentials.providers import AWSConfigProvider, ChainedProvider, EnvAWSProvider, IamAwsProvider
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.time import to_iso8601utc
from minio.versioningconfig import VersioningConfig
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError, SSLError
from urllib3.response import BaseHTTPResponse

from records.text.numbers import whole
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

T = TypeVar("T")

CONNECTIONS = 32
CONNECT_TIMEOUT_S = 5
_WRITER_HEADER = f"x-amz-meta-{WRITER}"


class MinioBucket:
    """A `Bucket`. Without `credentials` the AWS variables, profiles and roles are tried."""

    def __init__(self, address: Address, credentials: Credentials | None = None) -> None:
        self._bucket = address.bucket
        self._client = Minio(
            address.host,
            access_key=credentials.access_key if credentials else None,
            secret_key=credentials.secret_key if credentials else None,
            credentials=None if credentials else _standard_credentials(),
            secure=address.tls,
            region=address.region,
            http_client=_connections(address),
        )
        if address.virtual_host:
            self._client.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]

    def put(self, key: str, body: bytes | bytearray, writer: str, *, only_new: bool) -> str | None:
        headers = {**HEADERS, _WRITER_HEADER: writer, **_condition(only_new)}
        return self._send("PUT", key, body, headers).headers.get("x-amz-version-id")

    def begin(self, key: str, writer: str) -> str:
        answer = self._send("POST", key, None, {**HEADERS, _WRITER_HEADER: writer}, {"uploads": ""})
        return _text(_tree(answer), "UploadId")

    def put_part(self, key: str, upload: str, number: int, body: bytes | bytearray) -> str:
        query = {"partNumber": str(number), "uploadId": upload}
        return str(self._send("PUT", key, body, {}, query).headers["etag"])

    def complete(self, key: str, upload: str, etags: Sequence[str], *, only_new: bool) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        headers = {"Content-Type": "application/xml", **_condition(only_new)}
        tree = _tree(self._send("POST", key, body, headers, {"uploadId": upload}))
        if tree.tag.endswith("Error"):  # an upload that takes long is answered 200 before it fails
            raise Failure(500, _text(tree, "Code"))

    def drop(self, key: str, upload: str) -> None:
        self._send("DELETE", key, query={"uploadId": upload})

    def pending(self, prefix: str) -> Iterator[Pending]:
        query = {"uploads": "", "prefix": prefix}
        while True:
            tree = _tree(self._send("GET", None, query=query))
            for each in tree.findall("{*}Upload"):
                begun = datetime.fromisoformat(_text(each, "Initiated"))
                yield Pending(_text(each, "Key"), _text(each, "UploadId"), begun.timestamp())
            if tree.findtext("{*}IsTruncated") != "true":
                return
            query["key-marker"] = _text(tree, "NextKeyMarker")
            query["upload-id-marker"] = _text(tree, "NextUploadIdMarker")

    def head(self, key: str) -> Found | None:
        try:
            headers = self._send("HEAD", key).headers
        except Failure as failure:
            if failure.status == 404:
                return None
            raise
        return Found(
            whole(headers["content-length"]), headers.get(_WRITER_HEADER), headers.get("x-amz-version-id")
        )

    def get(self, key: str, start: int = 0, stop: int | None = None) -> Body:
        wanted = range_header(start, stop)
        answer = self._send("GET", key, headers={"Range": wanted} if wanted else {}, whole=False)

        def take(length: int) -> bytes:
            return _tried(lambda: answer.read(length))

        def close() -> None:
            # a connection with unread bytes can't serve the next request
            if answer.length_remaining:
                answer.close()
            answer.release_conn()

        return body_of(answer.status, answer.headers, take, close)

    def delete(self, key: str, version: str | None = None) -> None:
        self._send("DELETE", key, query={"versionId": version} if version else {})

    def versions(self, key: str) -> list[str]:
        tree = _tree(self._send("GET", None, query={"versions": "", "prefix": key}))
        found = [*tree.findall("{*}DeleteMarker"), *tree.findall("{*}Version")]
        mine = [each for each in found if each.findtext("{*}Key") == key]
        mine.sort(key=lambda each: _text(each, "LastModified"), reverse=True)
        return [_text(each, "VersionId") for each in mine]

    def presigned(self, key: str, seconds: int) -> str:
        return _tried(
            lambda: self._client.presigned_get_object(self._bucket, key, expires=timedelta(seconds=seconds))
        )

    def region(self) -> str | None:
        return self._send("HEAD", None).headers.get("x-amz-bucket-region")

    def create(self, *, locked: bool) -> None:
        _tried(lambda: self._client.make_bucket(self._bucket, object_lock=locked))

    def keep_versions(self) -> None:
        _tried(lambda: self._client.set_bucket_versioning(self._bucket, VersioningConfig(ENABLED)))

    def admit(self, origins: Sequence[str]) -> None:
        admitted = "".join(f"<AllowedOrigin>{escape(origin)}</AllowedOrigin>" for origin in origins)
        rule = (
            f"{admitted}<AllowedMethod>GET</AllowedMethod>"
            "<AllowedMethod>HEAD</AllowedMethod><AllowedHeader>range</AllowedHeader>"
            "<ExposeHeader>Content-Range</ExposeHeader><ExposeHeader>Content-Length</ExposeHeader>"
            "<MaxAgeSeconds>600</MaxAgeSeconds>"
        )
        body = f"<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>".encode()
        self._send("PUT", None, body, {"Content-MD5": content_md5(body)}, {"cors": ""})

    def put_locked(self, key: str, body: bytes, until: float, *, hold: bool) -> None:
        headers = {
            **HEADERS,
            **_condition(True),
            "Content-MD5": content_md5(body),
            "x-amz-object-lock-mode": "COMPLIANCE",
            "x-amz-object-lock-retain-until-date": to_iso8601utc(datetime.fromtimestamp(until, UTC)) or "",
        }
        if hold:
            headers["x-amz-object-lock-legal-hold"] = "ON"
        self._send("PUT", key, body, headers)

    def locked_until(self, key: str) -> float | None:
        try:
            tree = _tree(self._send("GET", key, query={"retention": ""}))
        except Failure as failure:
            if 400 <= failure.status < 500 or failure.status == 501:
                return None
            raise
        until = tree.findtext("{*}RetainUntilDate")
        return datetime.fromisoformat(until).timestamp() if until else None

    def _send(
        self,
        method: str,
        key: str | None,
        body: bytes | bytearray | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        *,
        whole: bool = True,
    ) -> BaseHTTPResponse:
        return _tried(
            lambda: self._client._execute(
                method,
                self._bucket,
                key,
                body=body,  # type: ignore[arg-type]
                headers=dict(headers or {}),
                query_params=dict(query or {}),
                preload_content=whole,
                no_body_trace=True,
            )
        )


def _tried(call: Callable[[], T]) -> T:
    """What the SDK answers, or `Failure`."""
    try:
        return call()
    except S3Error as error:
        raise Failure(error.response.status, error.code or "") from None
    except ServerError as error:
        raise Failure(error.status_code, "") from None
    except InvalidResponseError as error:
        raise Failure(error._code, "") from None
    except SSLError:
        raise Failure(0, "SSLError") from None
    except ValueError as error:
        # the SDK's word for missing credentials; anything else is a mistake of ours
        if "credential" not in str(error).lower():
            raise
        raise Failure(403, "NoCredentials") from None
    except (MinioException, HTTPError, OSError, ET.ParseError) as error:
        raise Failure(0, type(error).__name__) from None


def _tree(answer: BaseHTTPResponse) -> ET.Element:
    return _tried(lambda: ET.fromstring(answer.data))  # noqa: S314 - the store's own answer


def _text(element: ET.Element, name: str) -> str:
    text = element.findtext(f"{{*}}{name}") or element.findtext(name)
    if not text:
        raise Failure(0, "OddAnswer")
    return text


def _condition(only_new: bool) -> dict[str, str]:
    return {"If-None-Match": "*"} if only_new else {}


def _standard_credentials() -> ChainedProvider:
    return ChainedProvider([EnvAWSProvider(), AWSConfigProvider(), IamAwsProvider()])


def _connections(address: Address) -> PoolManager:
    return PoolManager(
        timeout=Timeout(connect=CONNECT_TIMEOUT_S, read=address.timeout),
        maxsize=CONNECTIONS,
        cert_reqs="CERT_REQUIRED",
        ca_certs=address.ca or os.environ.get("AWS_CA_BUNDLE") or certifi.where(),
        # neither repeats nor follows the store's word to another place
        retries=False,
    )
