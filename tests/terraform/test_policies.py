"""What terraform/ writes into buckets and keys, as Terraform would apply it, on servers that obey it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

from storage.objects.credentials import Credentials
from storage.objects.locked import LockedNotes
from storage.objects.opening import open_locked_notes
from tests.services import seaweedfs
from tests.services.service import S3Service
from tests.terraform import boto
from tests.terraform.provider import ACCOUNT
from tests.terraform.running import Terraform

OBJECTS, CHECKPOINTS = "coffre-objects", "coffre-checkpoints"
OBEYED = frozenset({"aws_s3_bucket", "aws_s3_bucket_versioning", "aws_s3_bucket_object_lock_configuration"})
"""By SeaweedFS, without the policy, which is tried statement by statement; public blocks it has not."""


@pytest.fixture(scope="module")
def applied(aws: dict[str, Any], infrastructure: Terraform) -> list[tuple[str, dict[str, Any]]]:
    return infrastructure.applied["examples/aws"]


@pytest.fixture
def moto_s3(applied: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-3")
        boto.apply(client, applied)
        yield client


@pytest.fixture(scope="module", params=[False, True], ids=["http", "tls"])
def real(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    applied: list[tuple[str, dict[str, Any]]],
) -> Iterator[tuple[bool, Any]]:
    """A real server over HTTP or TLS with the two buckets, versioned and locked."""
    with seaweedfs.running(tmp_path_factory.mktemp("seaweedfs"), tls=request.param) as service:
        client = client_of(service)
        boto.apply(client, applied, frozenset(boto.CALLS) - OBEYED)
        yield request.param, client


def client_of(service: S3Service) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=service.endpoint,
        aws_access_key_id=service.access_key,
        aws_secret_access_key=service.secret_key,
        region_name="eu-west-3",
        verify=service.ca or True,
    )


def policies(applied: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    names = boto.buckets(applied)
    return {
        names[values["bucket"]]: json.loads(values["policy"])
        for kind, values in applied
        if kind == "aws_s3_bucket_policy"
    }


@pytest.mark.parametrize("bucket", [OBJECTS, CHECKPOINTS])
def test_both_buckets_are_reached_over_tls_alone(
    real: tuple[bool, Any], applied: list[tuple[str, dict[str, Any]]], bucket: str
) -> None:
    """A real server obeys the statement. Accounts it has not, so that the other one is left out here."""
    tls, client = real
    own = f"{bucket}-over-tls"  # whose policy nobody can take away again over HTTP
    client.create_bucket(Bucket=own)
    client.put_object(Bucket=own, Key="before", Body=b"x")
    whole = policies(applied)[bucket]
    statements = [each for each in whole["Statement"] if each["Sid"] == "OverTlsAlone"]
    policy = json.dumps({**whole, "Statement": statements}).replace(bucket, own)
    client.put_bucket_policy(Bucket=own, Policy=policy)
    if tls:
        assert client.put_object(Bucket=own, Key="a", Body=b"x")["ETag"]
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            client.put_object(Bucket=own, Key="a", Body=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            client.get_object(Bucket=own, Key="before")


def test_a_checkpoint_cannot_be_deleted_by_the_owner_of_the_account(real: tuple[bool, Any]) -> None:
    """A real server holds the lock that the default of the bucket gives."""
    _, client = real
    version = client.put_object(Bucket=CHECKPOINTS, Key="note", Body=b"signed")["VersionId"]
    assert client.get_object_retention(Bucket=CHECKPOINTS, Key="note")["Retention"]["Mode"] == "COMPLIANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=CHECKPOINTS, Key="note", VersionId=version)


def test_buckets_are_private_versioned_and_forget(moto_s3: Any) -> None:
    for bucket in (OBJECTS, CHECKPOINTS):
        blocked = moto_s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert all(blocked.values())
        assert moto_s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (rule,) = moto_s3.get_bucket_lifecycle_configuration(Bucket=OBJECTS)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1
    (cors,) = moto_s3.get_bucket_cors(Bucket=OBJECTS)["CORSRules"]
    assert cors["AllowedOrigins"] == ["https://coffre.example"]


def test_the_vault_may_do_in_the_second_place_what_it_does_there(
    applied: list[tuple[str, dict[str, Any]]],
) -> None:
    """A server that knows rights: notes are locked, read, and removed once their time has come."""
    right = next(
        values["policy"]
        for kind, values in applied
        if kind == "aws_iam_role_policy" and values["name"] == "checkpoints"
    )
    with mock_aws():
        boto3.client("s3", region_name="eu-west-3").create_bucket(
            Bucket=CHECKPOINTS,
            ObjectLockEnabledForBucket=True,
            CreateBucketConfiguration={"LocationConstraint": "eu-west-3"},
        )
        iam = boto3.client("iam")
        iam.create_user(UserName="vault")
        iam.put_user_policy(UserName="vault", PolicyName="checkpoints", PolicyDocument=right)
        key = iam.create_access_key(UserName="vault")["AccessKey"]
        notes = open_locked_notes(
            f"s3://{CHECKPOINTS}?endpoint=https://s3.eu-west-3.amazonaws.com&region=eu-west-3",
            credentials=Credentials(key["AccessKeyId"], key["SecretAccessKey"]),
        )
        assert isinstance(notes, LockedNotes)
        set_initial_no_auth_action_count(0)(lambda: _kept_and_forgotten(notes))()


def _kept_and_forgotten(notes: LockedNotes) -> None:
    """But for reading the lock back, which moto cannot."""
    notes._bucket.put_locked("segments/0/0", b"sealed", time.time() + 1, hold=False)
    assert notes.read("segments/0/0") == b"sealed"
    time.sleep(1.1)
    notes.forget("segments/0/0")
    assert notes.read("segments/0/0") is None


def test_every_right_of_a_machine_is_one_that_its_processes_need(
    applied: list[tuple[str, dict[str, Any]]],
) -> None:
    """None may change a bucket, a policy or a lock; the vault opens with the root, and nobody else does."""
    policies = {
        (values["role"].rpartition("-")[2], values["name"]): json.loads(values["policy"])
        for kind, values in applied
        if kind == "aws_iam_role_policy" and values["name"] != "write"
    }
    rights = {
        key: {action for statement in policy["Statement"] for action in statement["Action"]}
        for key, policy in policies.items()
    }
    assert {host for host, name in rights if name == "root"} == {"vault"}
    assert {host for host, name in rights if name == "checkpoints"} == {"vault"}
    assert "s3:DeleteObject" not in rights["web", "objects"] | rights["worker", "objects"]
    assert rights["housekeeper", "objects"] >= {"s3:DeleteObject", "s3:ListBucketVersions"}
    everything = set().union(*rights.values())
    assert not [each for each in everything if "*" in each or "Policy" in each or "Bypass" in each]
    for policy in policies.values():
        for statement in policy["Statement"]:
            assert statement["Resource"] not in ("*", ["*"])


def test_the_roots_key_is_made_with_its_policy(
    applied: list[tuple[str, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto takes the policy as KMS does, and keeps it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    policy = next(
        values["policy"]
        for kind, values in applied
        if kind == "aws_kms_key" and values["description"].endswith("root of the vault")
    )
    with mock_aws():
        client = boto3.client("kms", region_name="eu-west-3")
        key = client.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
        kept = json.loads(client.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    vault = next(each for each in kept["Statement"] if each["Sid"] == "TheVaultAlone")
    assert vault["Principal"]["AWS"] == f"arn:aws:iam::{ACCOUNT}:role/coffre-vault"


def test_who_uses_a_bucket_may_use_the_key_that_encrypts_it_at_rest_through_the_store_alone(
    applied: list[tuple[str, dict[str, Any]]],
) -> None:
    """Without it AWS refuses each object of a bucket under a key of one's own."""
    policies = [values for kind, values in applied if kind == "aws_iam_role_policy"]
    using = {each["role"] for each in policies if each["name"] in ("objects", "checkpoints")}
    resting = {each["role"]: json.loads(each["policy"]) for each in policies if each["name"] == "rest"}
    assert using <= resting.keys()
    (at_rest,) = {
        rule["apply_server_side_encryption_by_default"][0]["kms_master_key_id"]
        for kind, values in applied
        if kind == "aws_s3_bucket_server_side_encryption_configuration"
        for rule in values["rule"]
    }
    for policy in resting.values():
        (statement,) = policy["Statement"]
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert statement["Resource"] == [at_rest]
        assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "s3.eu-west-3.amazonaws.com"}}


def test_the_key_at_rest_makes_disks_and_alerts_reach_who_is_on_call(
    applied: list[tuple[str, dict[str, Any]]],
) -> None:
    """Groups of machines are made by a role of AWS, alerts sent by its Prometheus: each needs to be told."""
    (key,) = (
        json.loads(values["policy"])
        for kind, values in applied
        if kind == "aws_kms_key" and "disks" in values["description"]
    )
    told = {each["Sid"]: each for each in key["Statement"]}
    assert told["Disks"]["Condition"]["StringEquals"] == {
        "kms:CallerAccount": ACCOUNT,
        "kms:ViaService": "ec2.eu-west-3.amazonaws.com",
    }
    assert told["Alerts"]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    (topic,) = (values for kind, values in applied if kind == "aws_sns_topic")
    (statement,) = json.loads(topic["policy"])["Statement"]
    assert statement["Principal"] == told["Alerts"]["Principal"] == {"Service": "aps.amazonaws.com"}
    assert statement["Resource"] == f"arn:aws:sns:eu-west-3:{ACCOUNT}:{topic['name']}"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}


def test_a_service_of_aws_uses_a_key_for_this_account_alone(
    applied: list[tuple[str, dict[str, Any]]],
) -> None:
    """Its principal is the same for every account: without a condition another's alerts or logs would do."""
    statements = [
        statement
        for kind, values in applied
        if kind == "aws_kms_key"
        for statement in json.loads(values["policy"])["Statement"]
        if "Service" in statement["Principal"]
    ]
    assert {each["Sid"] for each in statements} == {"Alerts", "Logs"}
    for each in statements:
        (named,) = (value for test in each["Condition"].values() for value in test.values())
        assert named in (ACCOUNT, f"arn:aws:logs:eu-west-3:{ACCOUNT}:*")
