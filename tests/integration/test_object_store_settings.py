"""A Coffre whose objects are in an S3 store: whose keys it comes with, and which pages its bucket admits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from coffre.cli import app
from coffre.settings import load
from coffre.wiring import System
from records.errors import Invalid
from tests.services.service import S3Service

ORIGIN = "https://coffre.example"
KEYS = ("COFFRE_S3_ACCESS_KEY_ID", "COFFRE_S3_SECRET_ACCESS_KEY")


@pytest.fixture
def bucket(seaweedfs_server: S3Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket that is not there yet, its store's keys in Coffre's own settings, others in AWS'."""
    name = f"settings-{uuid4().hex}"
    monkeypatch.setenv("COFFRE_OBJECTS_URL", seaweedfs_server.url("s3", name))
    for variable, value in zip(KEYS, seaweedfs_server.environment().values(), strict=True):
        monkeypatch.setenv(variable, value)
    for variable in seaweedfs_server.environment():
        monkeypatch.setenv(variable, "of-another-service")
    monkeypatch.delenv("COFFRE_PUBLIC_URL", raising=False)
    yield name


def run(command: str, data: Path) -> Result:
    done = CliRunner().invoke(app, [command, "--data", str(data)])
    assert done.exit_code == 0, done.output
    return done


def admitted(service: S3Service, bucket: str) -> list[dict[str, Any]]:
    """The bucket's CORS rules."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=service.endpoint,
        region_name=service.region,
        aws_access_key_id=service.access_key,
        aws_secret_access_key=service.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    try:
        rules: list[dict[str, Any]] = client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    except ClientError:
        return []
    return rules


def test_init_makes_the_bucket_with_its_own_keys_and_admits_the_public_address(
    seaweedfs_server: S3Service, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFRE_PUBLIC_URL", ORIGIN)
    assert "run coffre migrate" not in run("init", tmp_path / "data").stdout
    (rule,) = admitted(seaweedfs_server, bucket)
    assert rule["AllowedOrigins"] == [ORIGIN]
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD"}
    with System(load(data=tmp_path / "data")) as system:
        assert system.objects.size(uuid4(), 1) is None


def test_an_address_that_comes_later_is_admitted_by_migrate(
    seaweedfs_server: S3Service, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "set COFFRE_PUBLIC_URL and run coffre migrate" in run("init", tmp_path / "data").stdout
    assert admitted(seaweedfs_server, bucket) == []
    monkeypatch.setenv("COFFRE_PUBLIC_URL", ORIGIN)
    run("migrate", tmp_path / "data")
    assert [rule["AllowedOrigins"] for rule in admitted(seaweedfs_server, bucket)] == [[ORIGIN]]


@pytest.mark.parametrize("missing", KEYS)
def test_half_a_key_is_refused(bucket: str, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(Invalid, match="two halves"):
        load()
