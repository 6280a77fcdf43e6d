"""Addresses of S3 stores, and where they may lie (R50)."""

import subprocess
import sys
from pathlib import Path

import pytest

from records.errors import Invalid
from storage.objects.address import check_place, parse

HERE = "s3://bucket?endpoint=http://127.0.0.1:9000"


def test_aws_is_reached_by_the_region_alone() -> None:
    address = parse("s3://coffre/records?region=eu-west-3")
    assert address.endpoint == "https://s3.eu-west-3.amazonaws.com"
    assert (address.bucket, address.prefix, address.virtual_host) == ("coffre", "records/", True)


def test_a_server_of_ones_own_is_reached_by_path() -> None:
    address = parse("s3://coffre?endpoint=https://s3.hopital.example:8443/&ca=/etc/ca.pem&timeout=5")
    assert (address.endpoint, address.host) == ("https://s3.hopital.example:8443", "s3.hopital.example:8443")
    assert (address.prefix, address.virtual_host, address.ca, address.timeout) == (
        "",
        False,
        "/etc/ca.pem",
        5,
    )


@pytest.mark.parametrize(("option", "endpoint"), [("", "https://h:9000"), ("?tls=no", "http://h:9000")])
def test_minio_names_its_host_first_and_uses_tls_unless_told(option: str, endpoint: str) -> None:
    address = parse(f"minio://h:9000/bucket/a/b{option}")
    assert (address.endpoint, address.bucket, address.prefix) == (endpoint, "bucket", "a/b/")


@pytest.mark.parametrize(
    "url",
    [
        "s3://b?region=eu-west-3",
        "s3://b?region=eusc-de-east-1",
        "s3://b?region=gra&endpoint=https://s3.gra.io.cloud.ovh.net",
        "s3://b?region=eu-west-2&endpoint=https://oos.eu-west-2.outscale.com",
        "s3://b?region=fr-par&endpoint=https://s3.fr-par.scw.cloud",
        "minio://s3.eu-central-1.amazonaws.com/b?region=eu-central-1",
        "s3://b?region=eu-west-3&endpoint=https://S3.eu-west-3.AmazonAWS.com.:443",
        HERE,
    ],
)
def test_places_inside_the_eea_and_servers_of_ones_own_are_taken(url: str) -> None:
    parse(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://b?region=us-east-1",
        "s3://b?region=eu-west-2",  # London
        "s3://b?region=eu-central-2",  # Zürich
        "s3://b?region=eu-west-3&endpoint=https://s3.us-east-1.amazonaws.com",
        "s3://b?region=eu-west-3&endpoint=https://s3.amazonaws.com",
        "s3://b?region=cn-north-1&endpoint=https://s3.cn-north-1.amazonaws.com.cn",
        "s3://b?region=bhs&endpoint=https://s3.bhs.io.cloud.ovh.net",
        "s3://b?region=us-east-2&endpoint=https://oos.us-east-2.outscale.com",
        "minio://s3.amazonaws.com/b",
        "s3://b?region=eu-west-3&endpoint=https://eu-west-3.s3.us-east-1.amazonaws.com",
        "s3://b?region=us-east-1&endpoint=https://s3.us-east-1.amazonaws.com.",
        "s3://b?region=us-east-1&endpoint=https://S3.US-EAST-1.AMAZONAWS.COM",
        "minio://S3.us-east-1.amazonaws.com.:443/b?region=us-east-1",
        "s3://b?region=us-east-1&endpoint=https://s3.dualstack.us-east-1.api.aws",
    ],
)
def test_places_outside_the_eea_are_refused(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(url)
    assert refused.value.code == "non_eea_region"


def test_a_bucket_that_turns_out_to_lie_elsewhere_is_refused() -> None:
    address = parse("s3://b?region=eu-west-3")
    check_place(address, "eu-west-3")
    with pytest.raises(Invalid, match="European Economic Area"):
        check_place(address, "us-east-1")


@pytest.mark.parametrize(
    "url",
    [
        "s3://b",
        "s3://?region=eu-west-3",
        "minio://host",
        "ftp://host/b",
        "s3://key:secret@b?region=eu-west-3",
        "s3://b?endpoint=https://key:secret@host",
        "minio://key:secret@host/b",
        f"{HERE}&retries=3",
        "s3://b?region=us-east-1&region=eu-west-3",
        f"{HERE}&create=maybe",
        f"{HERE}&timeout=0",
        f"{HERE}&patience=long",
    ],
)
def test_what_cannot_be_meant_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(url)
    assert refused.value.code == "bad_setting"
    assert "secret" not in str(refused.value)


def test_files_need_no_s3_client(tmp_path: Path) -> None:
    program = (
        "import sys; from storage.objects.opening import open_objects; open_objects(sys.argv[1]);"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'minio', 'urllib3')))"
    )
    done = subprocess.run([sys.executable, "-c", program, f"file://{tmp_path}/objects"], check=False)
    assert done.returncode == 0
