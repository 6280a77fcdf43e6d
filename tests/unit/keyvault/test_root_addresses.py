"""Addresses of roots: what can be none is told before a root is asked, and none is outside the EEA (R50)."""

import pytest

from keyvault.roots.addresses import check_url
from keyvault.roots.opening import create_root, open_root
from records.errors import Invalid

ELSEWHERE = [
    "aws-kms:alias/r?region=us-east-1",
    "aws-kms:alias/r?region=US-EAST-1",
    "aws-kms:arn:aws:kms:us-east-1:123456789012:key/1",
    "aws-kms:arn:aws:kms:us-east-1:123456789012:key/1?region=eu-west-3",
    "aws-kms:arn:aws:kms:eu-west-1:123456789012:key/1?region=eu-west-3",
    "aws-kms:ARN:AWS:KMS:US-EAST-1:123456789012:key/1",
    "aws-kms:alias/r?region=eu-west-3&endpoint=https://kms.us-east-1.amazonaws.com",
    "aws-kms:alias/r?region=eu-west-3&endpoint=https://kms.eu-west-1.amazonaws.com",
    "combined:aws-kms:alias/r?region=us-east-1+file:/r",
    "combined:file:/r+transit:https://v.us-east-1.amazonaws.com/transit/r",
    "transit:https://v.us-east-1.amazonaws.com:8200/transit/r",
    "transit:https://v.eu-west-2.compute.amazonaws.com./transit/r",
]


def told(url: str) -> str:
    with pytest.raises(Invalid) as refused:
        check_url(url)
    return refused.value.code


@pytest.mark.requirement("R50")
@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_root_outside_the_eea_is_refused_and_never_opened(url: str) -> None:
    assert told(url) == "non_eea_region"
    for use in (open_root, create_root):
        with pytest.raises(Invalid) as refused:
            use(url, environ={"COFFRE_VAULT_TOKEN": "t"})
        assert refused.value.code == "non_eea_region"


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_DEFAULT_REGION", "eu-west-2"),
        ("AWS_ENDPOINT_URL_KMS", "https://kms.us-east-1.amazonaws.com"),
        ("AWS_ENDPOINT_URL", "https://kms.us-east-1.amazonaws.com"),
    ],
)
def test_what_the_environment_says_about_its_place_counts_when_it_is_opened(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    monkeypatch.setenv(variable, value)
    with pytest.raises(Invalid) as refused:
        open_root("aws-kms:alias/r", environ={})
    assert refused.value.code == "non_eea_region"


def test_a_key_without_a_region_says_that_it_wants_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(Invalid, match="region=eu-west-3") as refused:
        open_root("aws-kms:alias/r", environ={})
    assert refused.value.code == "root_url_invalid"


@pytest.mark.parametrize(
    "url",
    [
        "aws-kms:arn:aws:kms:eu-west-3:123456789012:key/1",
        "aws-kms:arn:aws-eusc:kms:eusc-de-east-1:123456789012:key/1?region=eusc-de-east-1",
        "aws-kms:alias/r?region=eu-west-3&endpoint=https://kms.eu-west-3.amazonaws.com",
        "aws-kms:alias/r?region=eu-west-3&endpoint=http://127.0.0.1:5000",
        "transit:https://root:8200/transit/r?ca=/run/root.pem",
        "transit:http://localhost:8200/transit/r",
        "combined:pkcs11:token=t;object=r?module-path=/m.so+quorum:/r?needed=2&shares=3",
    ],
)
def test_what_can_be_one_is_taken(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "transit:https://[x/transit/r",
        "transit:https://h:99999999/transit/r",
        "aws-kms:alias/r?region=eu-west-3&endpoint=https://[x",
        "aws-kms:alias/r?region=eu-west-3&endpoint=kms.eu-west-3.amazonaws.com",
        "pkcs11:token=t",
        "aws-kms:alias/r?region=us-east-1&region=eu-west-3",
        "quorum:/r?needed=two",
        "file:",
    ],
)
def test_what_can_be_none_is_told_before_it_is_opened(url: str) -> None:
    assert told(url) == "root_url_invalid"
