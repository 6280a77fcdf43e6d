"""terraform/, planned and applied by Terraform's own binary against the schemas that providers publish."""

import json
import re
import subprocess
from typing import Any

import hcl2
import pytest

from coffre.deploying.processes import HOSTS, PROCESSES, SETTINGS
from coffre.deploying.site import read
from coffre.deploying.site_check import faults
from coffre.deploying.units import units
from records.places import PROVIDERS, SILENT
from tests.terraform.running import ROOT, Terraform

OF_PLACE = (
    "European Economic Area",
    "A zone is one of the region",
    "of the provider, and its name has the region",
    "whose regions are known here",
    "A root is written as",
    "A host is a name or an IPv4 address",
)
SITE: dict[str, Any] = {
    "name": "coffre",
    "environment": "production",
    "cloud": "amazonaws.com",
    "region": "eu-west-3",
    "public_url": "https://coffre.example",
    "root": "aws-kms:alias/root?region=eu-west-3",
    "account": "123456789012",
    "hosts": {"vault": "vault:8443", "index": "i.internal", "keys": "k.internal", "broker": "b.internal"},
}


REACHED = {"aws": ["10.20.0.0/16", "169.254.169.254/32"], "openstack": ["10.20.0.0/16", "10.9.0.0/16"]}
"""By example: its own network, the store, and who tells a machine of AWS its credentials."""


def resources(found: Terraform, kind: str) -> list[dict[str, Any]]:
    return [values for applied, values in found.applied["examples/aws"] if applied == kind]


def test_it_is_written_as_terraform_formats_it(infrastructure: Terraform) -> None:
    assert infrastructure.run(".", "fmt", "-check", "-recursive", check=False).stdout == ""


def test_each_module_is_planned_by_an_example() -> None:
    modules = {
        path.parent for path in (ROOT / "terraform").glob("*/**/main.tf") if "examples" not in path.parts
    }
    named = {
        (example.parent / source).resolve()
        for example in (ROOT / "terraform/examples").glob("*/main.tf")
        for source in re.findall(r'source\s+= "(\.\.[^"]+)"', example.read_text("utf-8"))
    }
    assert modules == named


def test_what_a_provider_does_not_have_is_refused(infrastructure: Terraform) -> None:
    """The schemas are asked: this fails without them, so that the others mean something."""
    folder = infrastructure.folder / "wrong"
    folder.mkdir()
    header = 'terraform {\n required_providers {\n aws = { source = "hashicorp/aws" }\n }\n}\n'
    (folder / "main.tf").write_text(
        f'{header}resource "aws_kms_key" "k" {{\n encrypt_everything = true\n}}\n'
        'resource "aws_s3_bucket_versioning" "v" {\n bucket = "b"\n}\n'
    )
    infrastructure.run("wrong", "init", "-no-color")
    said = infrastructure.run("wrong", "validate", "-no-color", check=False).stderr
    assert 'An argument named "encrypt_everything" is not expected here' in said
    assert "versioning_configuration" in said


@pytest.mark.requirement("R50")
def test_the_tables_of_places_are_those_of_the_program() -> None:
    with (ROOT / "terraform/site/regions.tf").open(encoding="utf-8") as text:
        (tables,) = hcl2.load(text)["locals"]
    regions, after = (_told(tables[name]) for name in ("eea_regions", "after_region"))
    assert {name: each.regions for name, each in PROVIDERS.items() if each.regions} == regions
    assert {name: each.after for name, each in PROVIDERS.items()} == after
    assert {each.strip('"') for each in tables["silent"]} == SILENT


def _told(table: dict[str, Any]) -> dict[str, frozenset[str]]:
    return {
        name.strip('"'): frozenset(each.strip('"') for each in listed)
        for name, listed in table.items()
        if not name.startswith("__")
    }


def at(**hosts: str) -> dict[str, Any]:
    return {"hosts": {**SITE["hosts"], **hosts}}


OVH = {
    "cloud": "ovh.net",
    "region": "gra",
    "objects_endpoint": "https://s3.gra.io.cloud.ovh.net",
    "root": "transit:https://root.internal:8200/transit/coffre",
}
OUTSCALE = {
    **OVH,
    "cloud": "outscale.com",
    "region": "eu-west-2",
    "objects_endpoint": "https://oos.eu-west-2.outscale.com",
}
ARN = "aws-kms:arn:aws:kms:{}:123456789012:key/1"


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(
    "hidden",
    [
        {"region": "us-east-1"},
        {"region": "eu-west-2"},
        {"region": "EU-WEST-3"},
        {"replica_region": "ca-central-1"},
        {"zones": ["eu-west-3a", "us-east-1a"]},
        {"zones": ["eu-west-3.us-east-1a"]},
        {"root": "aws-kms:alias/root?region=us-east-1"},
        {"root": "aws-kms:alias/root?region=eu-west-3&region=us-east-1"},
        {"root": "aws-kms:alias/root?region=us-east-1&region=eu-west-3"},
        {"root": "aws-kms:alias/root?region=eu-west-1&region=eu-west-3"},
        {"root": "aws-kms:alias/root?region=eu-west-3&endpoint=https://kms.us-east-1.amazonaws.com"},
        {"root": "aws-kms:alias/root?region=eu-west-3&endpoint=https://KMS.US-EAST-1.amazonaws.com."},
        {"root": "aws-kms:alias/root?region=eu-west-3&endpoint=https://kms.eu-west-1.amazonaws.com"},
        {"root": "aws-kms:alias/root?region=eu-west-3&endpoint=https://kms.us-east-1.api.aws"},
        {"root": "aws-kms:alias/root"},
        {"root": ARN.format("us-east-1")},
        {"root": ARN.format("us-east-1") + "?region=eu-west-3"},
        {"root": ARN.format("eu-west-1") + "?region=eu-west-3"},
        {"root": ARN.format("us-gov-west-1")},
        {"root": "aws-kms:alias/root?%72egion=us-east-1&region=eu-west-3"},
        {"root": "combined:quorum:/srv/root+aws-kms:alias/root?region=us-east-1"},
        {"root": "combined:aws-kms:alias/a?region=eu-west-3+aws-kms:alias/b?region=us-east-1"},
        {"root": f"combined:transit:https://root.internal/transit/key+{ARN.format('us-east-1')}"},
        {"root": "combined:aws-kms:alias/a?region=eu-west-3"},
        {"root": "transit:https://bao.us-east-1.compute.amazonaws.com:8200/transit/key"},
        {"root": "transit:https://bao.us-gov-west-1.internal:8200/transit/key"},
        at(keys="coffre.abc.us-east-1.rds.amazonaws.com"),
        at(keys="coffre.abc.us-gov-west-1.rds.amazonaws.com"),
        at(keys="coffre.abc.us-gov-west-1.internal"),
        at(keys="COFFRE.A.US-EAST-1.RDS.AMAZONAWS.COM"),
        at(index="coffre.abc.us-east-1.rds.amazonaws.com."),
        at(index="coffre.abc.us-east-1.rds.amazonaws.com.:5432"),
        at(index="eu-west-3.abc.us-east-1.rds.amazonaws.com"),
        at(index="coffre.rds.amazonaws.com"),
        at(accounts="coffre.abc.cn-north-1.rds.amazonaws.com.cn"),
        at(vault="vault.eu-west-3.amazonaws.com:8443/@v.us-east-1.amazonaws.com"),
        at(broker="b-1.mq.eu-west-2.amazonaws.com"),
        at(broker="b-1.mq.eu-west-2.on.aws"),
        at(broker="coffre.abc.0001.use1.cache.amazonaws.com"),
        {**OUTSCALE, **at(keys="coffre.abc.eu-west-2.rds.amazonaws.com")},
        {**OVH, **at(keys="db.bhs.cloud.ovh.net")},
        {**OVH, "root": "transit:https://ca-east-bhs.okms.ovh.net/transit/coffre"},
        {**OVH, "objects_endpoint": "https://s3.bhs.io.cloud.ovh.net"},
        {**OVH, "objects_endpoint": "https://gra.s3.bhs.io.cloud.ovh.net"},
        {**OVH, "objects_endpoint": "https://s3.gra.io.cloud.ovh.net."},
        {"objects_endpoint": "https://eu-west-3.s3.us-east-1.amazonaws.com"},
        {"cloud": "ovh.net", "region": "bhs", "objects_endpoint": "https://s3.bhs.io.cloud.ovh.net"},
        {"cloud": "example.net", "region": "eu-west-3"},
    ],
    ids=str,
)
def test_a_region_outside_the_eea_is_refused_wherever_it_is_hidden(
    infrastructure: Terraform, hidden: dict[str, Any]
) -> None:
    said = infrastructure.refusal("site", {**SITE, **hidden})
    assert any(words in said for words in OF_PLACE), said


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(
    "inside",
    [
        {},
        {"root": ARN.format("eu-west-3")},
        {"root": ARN.format("eu-west-3") + "?region=eu-west-3"},
        {"root": "aws-kms:alias/root?endpoint=https://kms.eu-west-3.amazonaws.com&region=eu-west-3"},
        {"root": "aws-kms:mrk-1234?region=eu-west-1&endpoint=https://kms.coffre.internal:4443"},
        {"root": f"combined:quorum:/srv/root?needed=2&shares=3+{ARN.format('eu-west-1')}"},
        {"root": "combined:aws-kms:a?region=eu-west-3+transit:https://o.eu-west-2.compute.outscale.com/t/k"},
        {"root": "pkcs11:token=coffre%20root;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so"},
        {"root": "transit:https://root.internal:8200/transit/coffre-root?ca=/etc/coffre/root.pem"},
        {"zones": ["eu-west-3a", "eu-west-3b"], "objects_bucket": "hopital-objets"},
        at(keys="COFFRE.abc.eu-west-1.rds.amazonaws.com.:5432", broker="b-1.mq.eu-west-3.on.aws:5671"),
        {**OUTSCALE, **at(keys="coffre.abc.eu-west-3.rds.amazonaws.com", index="db.eu-west-2.internal")},
        {**OVH, **at(vault="10.0.0.4:8443", accounts="my-host-1.internal")},
        at(broker="coffre.abc.0001.euw3.cache.amazonaws.com", vault="1a2b.pub.instances.scw.cloud:8443"),
        {**OVH, **at(keys="postgresql-1-o2.database.cloud.ovh.net", vault="vps-1a2b.vps.ovh.net:8443")},
        {**OVH, "root": "transit:https://eu-west-rbx.okms.ovh.net/transit/coffre"},
    ],
    ids=str,
)
def test_what_lies_inside_it_is_planned(infrastructure: Terraform, inside: dict[str, Any]) -> None:
    assert infrastructure.refusal("site", {**SITE, **inside}) == ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"retention": {"vault_backup_days": 8}}, "backups of the vault live 1 to 7 days"),
        ({"retention": {"log_days": 30}}, "six months to three years"),
        ({"root": "file:/srv/root"}, "A root that is a file is for demos"),
        ({"public_url": "http://coffre.example"}, "The origin is https://name"),
        ({"root": "combined:file:/srv/root+quorum:/srv/other"}, "A root that is a file is for demos"),
        ({"objects_bucket": "x?region=us-east-1&y="}, "A bucket's name has"),
        ({"objects_bucket": "x/prefix"}, "A bucket's name has"),
        *(
            ({"trusted_proxies": each}, "name the proxies, not everybody")
            for each in (
                ["0.0.0.0/0"],
                ["::/0"],
                ["1.2.3.4/0"],
                ["0.0.0.0/1", "128.0.0.0/1"],
                ["10.0.0.0/15"],
                ["::/1", "8000::/1"],
                ["2001:db8::/47"],
                ["::ffff:0:0/96"],
                ["0:0:0:0:0:ffff:0:0/96"],
                ["::/96"],
            )
        ),
        ({"trusted_proxies": ["nginx"]}, "Proxies are addresses or networks"),
        ({"copies": {"vault": 2}}, "one vault runs"),
    ],
)
def test_a_value_that_cannot_hold_says_what_can(
    infrastructure: Terraform, wrong: dict[str, Any], sentence: str
) -> None:
    assert sentence in infrastructure.refusal("site", {**SITE, **wrong})


def test_proxies_that_are_few_are_taken(infrastructure: Terraform) -> None:
    few = ["127.0.0.1", "10.20.0.0/16", "::1", "2001:db8:ffff::/48", "2001:db8::5"]
    assert infrastructure.refusal("site", {**SITE, "trusted_proxies": few}) == ""


@pytest.mark.parametrize("example", ["aws", "openstack"])
def test_outputs_are_settings_that_hold(request: pytest.FixtureRequest, example: str) -> None:
    site = read(json.dumps(request.getfixturevalue(example)))
    assert faults(site) == []
    assert site.settings.keys() == PROCESSES.keys()
    (allowed,) = re.findall(r"^IPAddressAllow=(.*)$", units(site)["coffre-reader.service"], re.M)
    assert set(REACHED[example]) <= set(allowed.split())


def test_the_command_takes_them_from_a_pipe(aws: dict[str, Any]) -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "coffre.cli", "settings", "check"],
        input=json.dumps(aws),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "These settings hold.\n"), done.stderr


@pytest.mark.parametrize("example", ["aws", "openstack"])
def test_no_secret_of_the_vault_is_in_an_output(request: pytest.FixtureRequest, example: str) -> None:
    found = request.getfixturevalue(example)["settings"]["value"]
    secret = {name for name, each in SETTINGS.items() if each.secret}
    assert not [name for settings in found.values() for name in settings if name in secret]


def test_machines_are_those_of_the_table_of_processes(aws: dict[str, Any], infrastructure: Terraform) -> None:
    groups = {values["name"] for values in resources(infrastructure, "aws_autoscaling_group")}
    assert groups == {f"coffre-{host}" for host in HOSTS}


def test_databases_are_apart_encrypted_and_never_public(
    aws: dict[str, Any], infrastructure: Terraform
) -> None:
    servers = {each["identifier"]: each for each in resources(infrastructure, "aws_db_instance")}
    assert servers.keys() == {"coffre-index", "coffre-keys", "coffre-days", "coffre-accounts"}
    for each in servers.values():
        assert each["storage_encrypted"] is True
        assert each["publicly_accessible"] is False
        assert each["manage_master_user_password"] is True
        assert each["password"] is None
    kept = {name: each["backup_retention_period"] for name, each in servers.items()}
    assert kept["coffre-days"] == 0, "day keys are in no backup"
    assert kept["coffre-keys"] <= 7


def test_only_the_vault_may_use_the_key_of_the_root(aws: dict[str, Any], infrastructure: Terraform) -> None:
    root = next(
        json.loads(each["policy"])
        for each in resources(infrastructure, "aws_kms_key")
        if each["description"].endswith("root of the vault")
    )
    opening = [
        statement
        for statement in root["Statement"]
        if any(action.startswith(("kms:Decrypt", "kms:Generate", "kms:*")) for action in statement["Action"])
    ]
    assert [each["Principal"] for each in opening] == [{"AWS": "arn:aws:iam::123456789012:role/coffre-vault"}]


def test_nothing_but_the_edge_is_reached_from_outside(aws: dict[str, Any], infrastructure: Terraform) -> None:
    rules = resources(infrastructure, "aws_vpc_security_group_ingress_rule")
    open_to_all = [each for each in rules if each["cidr_ipv4"] == "0.0.0.0/0"]
    assert [(each["from_port"], each["to_port"]) for each in open_to_all] == [(443, 443)]
    assert not [
        each for each in resources(infrastructure, "aws_vpc_security_group_egress_rule") if each["cidr_ipv4"]
    ]


def test_schemas_are_of_what_is_used_and_of_nothing_else() -> None:
    from tests.terraform.published import SCHEMAS, used

    for provider in ("aws", "openstack"):
        found = json.loads((SCHEMAS / f"{provider}.json").read_text("utf-8"))
        assert {kind: set(found[kind]) for kind in ("resource", "data")} == used(provider)
