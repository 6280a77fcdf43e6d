"""S3 servers for the whole test session, each started by the first test that asks for it, and the
addresses of empty object stores: one parameter per adapter and server.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

import pytest

from storage.objects.credentials import Credentials
from storage.objects.opening import prepare_objects
from tests.services import ceph, seaweedfs
from tests.services.service import S3Service

BUCKET = "coffre-test"
SCHEMES = ("s3", "minio")
SERVERS = {"seaweedfs": [], "ceph": [pytest.mark.long], "ceph_tls": [pytest.mark.long]}
S3_STORES = [
    pytest.param((scheme, server), marks=marks, id=f"{scheme}-{server}")
    for server, marks in SERVERS.items()
    for scheme in SCHEMES
]
PLAIN_S3_STORES = [store for store in S3_STORES if not str(store.id).endswith("_tls")]


def _with_bucket(running: AbstractContextManager[S3Service]) -> Iterator[S3Service]:
    with running as service:
        keys = Credentials(service.access_key, service.secret_key)
        prepare_objects(service.url("s3", BUCKET), origins=(), create=True, credentials=keys)
        yield service


@pytest.fixture(scope="session")
def seaweedfs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    yield from _with_bucket(seaweedfs.running(tmp_path_factory.mktemp("seaweedfs")))


@pytest.fixture(scope="session")
def ceph_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    yield from _with_bucket(ceph.running(tmp_path_factory.mktemp("ceph")))


@pytest.fixture(scope="session")
def ceph_tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Service]:
    yield from _with_bucket(ceph.running(tmp_path_factory.mktemp("ceph-tls"), tls=True))


def _known(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch, server: str) -> S3Service:
    """The session's server, its keys in the environment as in an operator's."""
    service: S3Service = request.getfixturevalue(f"{server}_server")
    for name, value in service.environment().items():
        patch.setenv(name, value)
    return service


@pytest.fixture(params=S3_STORES)
def s3_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, S3Service]:
    """Which client, and which server."""
    scheme, server = request.param
    return scheme, _known(request, monkeypatch, server)


@pytest.fixture(params=PLAIN_S3_STORES)
def plain_s3_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, S3Service]:
    """The same without TLS, so that a proxy can read along."""
    scheme, server = request.param
    return scheme, _known(request, monkeypatch, server)


@pytest.fixture(params=["filesystem", *S3_STORES])
def objects_address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty store: a folder, or a prefix of its own in the session's bucket."""
    if request.param == "filesystem":
        return f"file://{tmp_path}/objects"
    scheme, server = request.param
    return _known(request, monkeypatch, server).url(scheme, BUCKET, uuid4().hex)
