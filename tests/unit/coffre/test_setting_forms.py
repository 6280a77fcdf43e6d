"""Settings that are not written as one is, at a process's start as in `coffre settings check`."""

from pathlib import Path

import pytest

from coffre.proxy.nginx import host_of
from coffre.setting_rules import check
from coffre.settings import load, read_alone
from records.errors import Invalid

PROXIES = ("COFFRE_TRUSTED_PROXIES", "COFFRE_CERTIFICATE_PROXIES")
ORIGINS = ("COFFRE_PUBLIC_URL", "COFFRE_OBJECTS_PUBLIC_URL", "COFFRE_MACHINES_URL")


def refused(**told: str) -> Invalid:
    with pytest.raises(Invalid) as refusal:
        check(read_alone(told))
    return refusal.value


# Proxies


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize(
    "networks",
    [
        "0.0.0.0/0",
        "::/0",
        "1.2.3.4/0",
        "0.0.0.0/1,128.0.0.0/1",
        "10.0.0.0/8",
        "2000::/3",
        "2a00::/12",
        "::/1 8000::/1",
    ],
)
def test_everybody_is_no_proxy(name: str, networks: str) -> None:
    said = refused(**{name: networks})
    assert said.code == "bad_setting"
    assert said.sentence.startswith(f"{name} trusts a network with callers in it")


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize(
    "networks", ["10.1.0.0/16,10.2.0.0/16", "fd00:1:2::/48", "127.0.0.1 ::1", "192.0.2.1/24"]
)
def test_networks_of_ones_own_are_taken(name: str, networks: str) -> None:
    check(read_alone({name: networks}))


# Origins

NO_ORIGINS = [
    "https://~^.*",
    "https://*",
    "https://*.example",
    "https://a.example;return",
    "https://a.example b.example",
    "https://_",
    "https://a..example",
    "https://-a.example",
    "https://a.example:0",
    "https://a.example:99999",
    "https://[x",
    "https://[:::]",
    "https://me@a.example",
    "https://a.example/path",
    "https://a.example#part",
    "https://\u212a.example",  # a sign for kelvin, which lower-cases to k
    "https://é.example",
    "ftp://a.example",
    "a.example",
]


@pytest.mark.parametrize("name", ORIGINS)
@pytest.mark.parametrize("value", NO_ORIGINS)
def test_what_is_no_origin_is_none_anywhere(name: str, value: str) -> None:
    assert f"{name} is an origin such as" in refused(**{name: value}).sentence
    with pytest.raises(Invalid):
        host_of(value)


@pytest.mark.parametrize(
    "value", ["https://Coffre.Example", "http://127.0.0.1:8080", "https://[::1]:8443", "http://h"]
)
def test_origins_are_taken(value: str) -> None:
    check(read_alone(dict.fromkeys(ORIGINS, value)))
    assert host_of(value)


# Addresses


@pytest.mark.parametrize("name", ["COFFRE_OBJECTS_URL", "COFFRE_SECOND_PLACE_URL"])
@pytest.mark.parametrize(
    "value",
    [
        "s3:",
        "s3://b",
        "s3://b?region=eu-west-3&foo=1",
        "s3://b?region=eu-west-3&timeout=0",
        "s3://b?region=eu-west-3.example/",
        "s3://b?endpoint=ftp://h",
        "s3://b?endpoint=https://h:99999999",
        "minio://h:99999999/b",
        "minio://[x/b",
        "minio://h",
    ],
)
def test_a_store_that_can_be_none_is_told_at_the_start(name: str, value: str) -> None:
    said = refused(**{name: value})
    assert said.code == "bad_setting" and name in said.sentence


@pytest.mark.parametrize(
    "name",
    [
        "COFFRE_VAULT_URL",
        "COFFRE_QUEUE_URL",
        "COFFRE_PSC_ISSUER",
        "COFFRE_NOTICES_URL",
        "COFFRE_SMS_URL",
        "COFFRE_SYSLOG_URL",
        "COFFRE_ALLOWED_ORIGINS",
    ],
)
def test_brackets_that_do_not_close_are_told(name: str) -> None:
    assert name in refused(**{name: "https://[x"}).sentence


# Places


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COFFRE_OBJECTS_URL", "minio://S3.EU-WEST-2.AMAZONAWS.COM/b?region=eu-west-2"),
        ("COFFRE_OBJECTS_URL", "s3://b?region=eu-west-2&endpoint=https://s3.eu-west-2.amazonaws.com."),
        ("COFFRE_SECOND_PLACE_URL", "s3://b?region=bhs&endpoint=https://s3.bhs.io.cloud.ovh.net."),
        ("COFFRE_INDEX_URL", "postgresql://role:word@db.abc.eu-west-2.rds.amazonaws.com/index"),
        ("COFFRE_ACCOUNTS_URL", "postgresql://role:word@db.abc.eu-west-2.rds.amazonaws.com/index"),
        ("COFFRE_QUEUE_URL", "amqps://role:word@b-1.mq.eu-west-2.amazonaws.com//"),
        ("COFFRE_VAULT_ROOT", "combined:aws-kms:alias/x?region=us-east-1+file:/x"),
        ("COFFRE_NOTICES_URL", "smtps://email-smtp.us-east-1.amazonaws.com"),
    ],
)
def test_nothing_starts_with_a_place_outside_the_eea(name: str, value: str) -> None:
    more = {"COFFRE_NOTICES_FROM": "avis@coffre.example"}
    said = refused(**{name: value}, **more)
    assert said.code == "non_eea_region"
    assert said.sentence.startswith(f"{name} names a region outside the European Economic Area")
    assert "word" not in said.sentence


@pytest.mark.requirement("R50")
def test_an_address_in_a_file_of_secrets_is_looked_at_before_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "roles.env"
    file.write_text("COFFRE_INDEX_URL=postgresql://role:word@DB.eu-west-2.RDS.amazonaws.com./index\n")
    file.chmod(0o600)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(Invalid) as refusal:
        load()
    assert refusal.value.code == "non_eea_region"
    assert "COFFRE_INDEX_URL" in refusal.value.sentence and "word" not in refusal.value.sentence
