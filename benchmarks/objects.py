"""Measure puts and ranged gets of each S3 adapter beside its bare client, on SeaweedFS on this machine."""

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import boto3
from awscrt.checksums import crc64nvme
from botocore.config import Config
from minio import Minio

from benchmarks.tools.measuring import compete, table
from storage.objects.credentials import Credentials
from storage.objects.multipart import PART
from storage.objects.opening import open_objects, prepare_objects
from storage.ports.objects import ObjectStore
from tests.services import seaweedfs
from tests.services.service import S3Service

BUCKET = "bench"
SMALL, LARGE, RANGE = 1 << 19, 1 << 26, 1 << 19
COUNT = 20
BLOCK = 1 << 20


def run(rounds: int = 5) -> None:
    with tempfile.TemporaryDirectory() as directory, seaweedfs.running(Path(directory)) as service:
        keys = Credentials(service.access_key, service.secret_key)
        prepare_objects(service.url("s3", BUCKET), origins=(), create=True, credentials=keys)
        rows = []
        for scheme, bare in (("s3", _boto(service)), ("minio", _minio(service))):
            objects = open_objects(service.url(scheme, BUCKET), credentials=keys)
            rows += _rows(scheme, objects, bare, rounds)
    header = ("", "bare ms", "adapter ms", "wall", "bare CPU ms", "adapter CPU ms", "CPU")
    table("One operation; bare / adapter (1.00: nothing added)", header, rows)


def _rows(scheme: str, objects: ObjectStore, bare: "Bare", rounds: int) -> list[tuple[str, ...]]:
    small, large = os.urandom(SMALL), os.urandom(LARGE)
    known = put(objects, large)
    key = f"b/{known.hex[:2]}/{known}/1"
    pairs: list[tuple[str, int, Callable[[], object], Callable[[], object]]] = [
        ("put 512 KiB", COUNT, lambda: bare.put(str(uuid4()), small), lambda: put(objects, small)),
        ("put 64 MiB", 1, lambda: bare.put_large(str(uuid4()), large), lambda: put(objects, large)),
        (
            "get 512 KiB of 64 MiB",
            COUNT,
            lambda: bare.get(key, LARGE // 2, RANGE),
            lambda: objects.read(known, 1, LARGE // 2, LARGE // 2 + RANGE),
        ),
    ]
    rows: list[tuple[str, ...]] = []
    for title, count, plain, adapted in pairs:
        found = compete({"bare": repeat(plain, count), "adapter": repeat(adapted, count)}, rounds)
        one, other = found["bare"], found["adapter"]
        figures = (one.wall, other.wall, one.cpu, other.cpu)
        wall, wall2, cpu, cpu2 = (f"{1000 * figure / count:.2f}" for figure in figures)
        ratios = f"{one.wall / other.wall:.2f}", f"{one.cpu / other.cpu:.2f}"
        rows.append((f"{scheme} {title}", wall, wall2, ratios[0], cpu, cpu2, ratios[1]))
    return rows


def put(objects: ObjectStore, content: bytes) -> UUID:
    blob_id = uuid4()
    with objects.writer(blob_id, 1) as writer:
        for start in range(0, len(content), BLOCK):
            writer.write(memoryview(content)[start : start + BLOCK])
        writer.commit()
    return blob_id


def repeat(work: Callable[[], object], count: int) -> Callable[[], None]:
    def several() -> None:
        for _ in range(count):
            work()

    return several


class Bare:
    """What an application would call without this project; the CRC-64 included, since it must be had."""

    def __init__(
        self,
        put: Callable[[str, bytes], object],
        put_large: Callable[[str, bytes], object],
        get: Callable[[str, int, int], bytes],
    ) -> None:
        self._put, self._put_large, self.get = put, put_large, get

    def put(self, key: str, content: bytes) -> None:
        crc64nvme(content)
        self._put(key, content)

    def put_large(self, key: str, content: bytes) -> None:
        crc64nvme(content)
        self._put_large(key, content)


def _boto(service: S3Service) -> Bare:
    client: Any = boto3.session.Session().client(
        "s3",
        endpoint_url=service.endpoint,
        region_name=service.region,
        aws_access_key_id=service.access_key,
        aws_secret_access_key=service.secret_key,
        config=Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"},
        ),
    )
    transfer = boto3.s3.transfer.TransferConfig(multipart_chunksize=PART, max_concurrency=3)

    def get(key: str, start: int, length: int) -> bytes:
        answer = client.get_object(Bucket=BUCKET, Key=key, Range=f"bytes={start}-{start + length - 1}")
        return bytes(answer["Body"].read())

    return Bare(
        lambda key, content: client.put_object(Bucket=BUCKET, Key=key, Body=content),
        lambda key, content: client.upload_fileobj(io.BytesIO(content), BUCKET, key, Config=transfer),
        get,
    )


def _minio(service: S3Service) -> Bare:
    host = service.endpoint.removeprefix("http://")
    client = Minio(
        host,
        access_key=service.access_key,
        secret_key=service.secret_key,
        secure=False,
        region=service.region,
    )

    def put(key: str, content: bytes) -> None:
        client.put_object(BUCKET, key, io.BytesIO(content), len(content), part_size=PART)

    def get(key: str, start: int, length: int) -> bytes:
        answer = client.get_object(BUCKET, key, offset=start, length=length)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    return Bare(put, put, get)
