"""Descriptions of a site: one table says what each process is told, and a check says what does not hold."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from coffre.deploying.processes import EVERYBODY, HOSTS, OWNERS_DOORS, PROCESSES, SETTINGS, peers
from coffre.deploying.site import Site, read
from coffre.deploying.site_check import check, faults
from coffre.installation.database_roles import PROCESSES as ROLES
from coffre.settings import Settings
from keyvault.process.service import DOORS
from records.errors import Invalid

GOOD: dict[str, Any] = {
    "settings": {
        "all": {
            "COFFRE_ENVIRONMENT": "production",
            "COFFRE_PUBLIC_URL": "https://coffre.example",
            "COFFRE_OBJECTS_URL": "s3://coffre?region=eu-west-3",
            "COFFRE_VAULT_URL": "unix:///run/coffre-vault",
            "COFFRE_TRUSTED_PROXIES": "127.0.0.1",
        },
        "vault": {"COFFRE_VAULT_ROOT": "aws-kms:alias/root?region=eu-west-3"},
    },
    "site": {"networks": ["10.20.0.0/16"]},
}


def site(**more: dict[str, str]) -> Site:
    """The good one, with more settings for the processes named."""
    settings = {name: dict(each) for name, each in GOOD["settings"].items()}
    for process, given in more.items():
        settings[process] = settings.get(process, {}) | given
    return read(json.dumps({**GOOD, "settings": settings}))


def refused(**more: dict[str, str]) -> str:
    return "\n".join(faults(site(**more)))


# The table


def test_every_setting_says_who_is_told() -> None:
    named = {f"COFFRE_{name.upper()}" for name in Settings.model_fields} - {"COFFRE_DATA"}
    of_the_root = {"COFFRE_VAULT_PIN", "COFFRE_VAULT_TOKEN", "COFFRE_VAULT_SHARES"}
    assert named | of_the_root == SETTINGS.keys()


def test_what_holds_a_password_or_a_key_is_secret() -> None:
    secret = {name for name, each in SETTINGS.items() if each.secret}
    assert {
        f"COFFRE_{name.upper()}" for name, each in Settings.model_fields.items() if "Secret" in str(each)
    } <= secret
    assert {"COFFRE_VAULT_PIN", "COFFRE_VAULT_TOKEN", "COFFRE_VAULT_SHARES", "COFFRE_QUEUE_URL"} <= secret


def test_roles_files_are_of_the_processes_that_are_told_these_addresses() -> None:
    assert ROLES.keys() == PROCESSES.keys()
    for process, role in ROLES.items():
        assert {name for name in role.settings if process not in SETTINGS[name].told} == set()


def test_doors_are_those_of_the_vault_and_each_has_somebody() -> None:
    named = {door for each in PROCESSES.values() for door in each.doors} | set(OWNERS_DOORS)
    assert named == DOORS.keys()
    assert {entry.partition("=")[0] for entry in peers().split(",")} == named


def test_every_process_runs_on_one_kind_of_machine() -> None:
    assert sorted(name for names in HOSTS.values() for name in names) == sorted(EVERYBODY)


def test_intake_is_told_nothing_of_the_vault() -> None:
    assert not [name for name, each in SETTINGS.items() if "VAULT" in name and "intake" in each.told]


# Reading


def test_toml_and_the_output_of_terraform_say_the_same() -> None:
    lines = [
        line
        for process, given in GOOD["settings"].items()
        for line in (f"[settings.{process}]", *(f'{name} = "{value}"' for name, value in given.items()))
    ]
    toml = "\n".join([*lines, "[site]", f"networks = {GOOD['site']['networks']}"])
    whole = {
        "site": {"sensitive": False, "type": ["object", {}], "value": GOOD["site"]},
        "settings": {"sensitive": False, "type": ["object", {}], "value": GOOD["settings"]},
        "owner_secrets": {"sensitive": True, "type": "string", "value": "arn:of:another"},
    }
    assert read(toml) == read(json.dumps(whole)) == site()


def test_of_what_all_are_told_each_gets_what_it_reads() -> None:
    assert "COFFRE_OBJECTS_URL" not in site().settings["vault"]
    assert "COFFRE_VAULT_URL" not in site().settings["intake"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "names no settings"),
        ("[settings", "neither TOML nor JSON"),
        ("{]", "neither TOML nor JSON"),
        ("settings = 3", "settings is a table"),
        ("[settings.valt]\nA = 1", "There is no process valt"),
        ("[sittings.vault]\nA = 1", "sittings is none of settings, secrets, site"),
        ("[settings.vault]\nA = 1\n[secret]\nvault = []", "secret is none of settings, secrets, site"),
        ("[settings.vault]\nA = 1\n[site]\nnetwork = []", "site.network is none of data, networks, program"),
        ("[settings.vault]\nA = 1\n[secrets]\nproxy = []", "There is no process proxy"),
        ("[settings.vault]\nA = 1\n[secrets]\nvault = 4", "vault is a list such as"),
        ("[settings.vault]\nA = 1\n[secrets]\nvault = [4]", "vault is a list such as"),
        ("[settings.vault]\nA = 1\n[site]\nnetworks = 5", "networks is a list such as"),
        ("[settings.vault]\nA = 1\n[site]\nnetworks = '10.0.0.0/16'", "networks is a list such as"),
        ("[settings.vault]\nA = 1.5", "A is text, a whole number, or true or false"),
        ("[settings.vault]\nA = []", "A is text, a whole number, or true or false"),
        ('{"settings": {"vault": {"A": null}}}', "A is text, a whole number, or true or false"),
        ('{"settings": {"vault": {"A": NaN}}}', "neither TOML nor JSON"),
        ('{"settings": {"vault": {"A": "1", "A": "2"}}}', "a name stands twice"),
        ('{"settings": {"vault": 4}}', "vault is a table"),
        ('{"settings": {"vault": {"a b": "1"}}}', "A setting's name is of capitals"),
        ('{"settings": {"vault": {"AWS_A=1\\nB": "1"}}}', "A setting's name is of capitals"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("a = " + "[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_description_says_what_one_is(text: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refusal:
        read(text)
    assert refusal.value.code == "bad_site"


SIGNS = ["\n", "\r", "\t", "\0", "\x0b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\ufeff"]


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("place", ["vault", "proxy", "all", "secrets", "networks", "data", "program"])
def test_no_sign_that_ends_a_line_stands_anywhere(sign: str, place: str) -> None:
    """It would write lines of its own into units and files of settings."""
    evil = f"/a{sign}NoNewPrivileges=no"
    found: dict[str, Any] = json.loads(json.dumps(GOOD))
    match place:
        case "secrets":
            found["secrets"] = {"vault": [f"COFFRE_VAULT_PIN{sign}A"]}
        case "networks":
            found["site"] = {"networks": [f"10.20.0.0/16{sign}ExecStartPre=/bin/true"]}
        case "data" | "program":
            found["site"] = {place: evil}
        case _:
            found["settings"].setdefault(place, {})["COFFRE_PROXY_CERTIFICATE"] = evil
    with pytest.raises(Invalid) as refusal:
        read(json.dumps(found))
    assert refusal.value.code == "bad_site"
    assert "NoNew" not in refusal.value.sentence


NO_PATHS = ["a", "/a b", "/%n", "/a/../b", "/a/./b", "//a", "/a/", "/a:b", "/a'b", "/a;b", "/a$b", "/"]


@pytest.mark.parametrize("value", [*NO_PATHS, ""])
@pytest.mark.parametrize("name", ["data", "program"])
def test_folders_of_a_site_are_absolute_paths_without_signs(name: str, value: str) -> None:
    with pytest.raises(Invalid, match=f"{name} is an absolute path") as refusal:
        read(json.dumps({**GOOD, "site": {name: value}}))
    assert refusal.value.code == "bad_site"
    assert read(json.dumps({**GOOD, "site": {name: "/srv/coffre-1.2@b/é_"}}))


@pytest.mark.parametrize("value", NO_PATHS)
@pytest.mark.parametrize(
    ("process", "name", "form"),
    [
        ("proxy", "COFFRE_PROXY_CERTIFICATE", "{}"),
        ("proxy", "COFFRE_PROXY_AUTHORITIES", "{}"),
        ("signin", "COFFRE_CARD_AUTHORITIES", "{}"),
        ("signin", "COFFRE_CERTIFICATES_SOCKET", "{}"),
        ("vault", "COFFRE_VAULT_PIN_FILE", "{}"),
        ("vault", "AWS_CA_BUNDLE", "{}"),
        ("vault", "AWS_WEB_IDENTITY_TOKEN_FILE", "{}"),
        ("signin", "COFFRE_SMS_URL", "https://sms.example/v1?sender=Coffre&token_file={}"),
        ("all", "COFFRE_OBJECTS_URL", "s3://coffre?region=eu-west-3&ca={}"),
    ],
)
def test_files_that_settings_name_are_such_paths_too(process: str, name: str, form: str, value: str) -> None:
    told = value if form == "{}" else quote(value)
    assert f"{name} names a file or folder" in refused(**{process: {name: form.format(told)}})


def test_true_and_numbers_are_written_as_settings_are() -> None:
    told = read(json.dumps({"settings": {"worker": {"COFFRE_RENDITIONS": False, "COFFRE_WORKERS": 4}}}))
    assert told.settings["worker"] == {"COFFRE_RENDITIONS": "false", "COFFRE_WORKERS": "4"}


def test_a_secret_that_a_process_does_not_read_is_told() -> None:
    found = read(json.dumps({**GOOD, "secrets": {"reader": ["COFFRE_VAULT_PIN"]}}))
    assert "reader: COFFRE_VAULT_PIN is not for it" in "\n".join(faults(found))


@pytest.mark.parametrize(
    "processes", ["intake=127.0.0.1:1,reader=127.0.0.1:2", "nobody=127.0.0.1:1", "127.0.0.1:80;"]
)
def test_what_nginx_cannot_be_told_is_told_here(processes: str) -> None:
    own = {"COFFRE_PROXY_CERTIFICATE": "/etc/tls/c.pem", "COFFRE_PROXY_KEY": "/etc/tls/k.pem"}
    assert refused(proxy=own) == ""
    assert refused(proxy={**own, "COFFRE_PROXY_PROCESSES": processes}).startswith("proxy: ")


# The check


def test_files_that_hold_a_secret_are_no_secret() -> None:
    told = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token", "COFFRE_VAULT_PIN_FILE": "/run/pin"}
    assert refused(vault=told) == ""


def test_a_site_with_a_mail_server_that_all_are_told_holds() -> None:
    told = {"COFFRE_NOTICES_URL": "smtp://mail.example:587", "COFFRE_NOTICES_FROM": "avis@coffre.example"}
    assert refused(all=told) == ""
    assert "COFFRE_NOTICES_FROM" in refused(all={"COFFRE_NOTICES_URL": "smtp://mail.example:587"})


@pytest.mark.parametrize(
    ("process", "name", "value"),
    [
        ("all", "COFFRE_OBJECTS_URL", "s3:"),
        ("all", "COFFRE_OBJECTS_URL", "s3://b"),
        ("all", "COFFRE_OBJECTS_URL", "s3://b?region=eu-west-3&foo=1"),
        ("all", "COFFRE_OBJECTS_URL", "minio://h:99999999/b"),
        ("vault", "COFFRE_SECOND_PLACE_URL", "s3://b?region=eu-west-3&timeout=0"),
        ("signin", "COFFRE_MACHINES_URL", "machines.coffre.example"),
        ("signin", "COFFRE_PSC_ISSUER", "https://[x"),
        ("vault", "AWS_ENDPOINT_URL", "https://[x"),
        ("all", "COFFRE_PUBLIC_URL", "https://a;b"),
        ("gateway", "COFFRE_TRUSTED_PROXIES", "0.0.0.0/0"),
    ],
)
def test_what_is_wrong_never_holds(process: str, name: str, value: str) -> None:
    assert name in refused(**{process: {name: value}})


def test_a_good_one_holds() -> None:
    assert faults(site()) == []
    check(site())


def test_a_name_that_nobody_knows_is_told() -> None:
    assert "worker: COFFRE_WORKRES is no setting of Coffre." in refused(worker={"COFFRE_WORKRES": "4"})


def test_what_is_anothers_is_told_with_whose_it_is() -> None:
    said = refused(reader={"COFFRE_VAULT_ROOT": "pkcs11:token=t"})
    assert "reader: COFFRE_VAULT_ROOT is not for it, but for vault: take it away." in said


@pytest.mark.parametrize(
    ("process", "name", "value"),
    [
        ("vault", "COFFRE_VAULT_PIN", "123456"),
        ("reader", "COFFRE_INDEX_URL", "postgresql://coffre_reader@db/index"),
        ("worker", "COFFRE_S3_SECRET_ACCESS_KEY", "abc"),
        ("worker", "AWS_SECRET_ACCESS_KEY", "abc"),
        ("vault", "AWS_SESSION_TOKEN", "abc"),
        ("vault", "AWS_SECURITY_TOKEN", "abc"),
        ("vault", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "abc"),
        ("housekeeper", "COFFRE_NOTICES_URL", "smtp://user:word@mail.example:587"),
    ],
)
def test_a_secret_that_lies_open_is_told_and_not_repeated(process: str, name: str, value: str) -> None:
    said = refused(**{process: {name: value}})
    assert f"{process}: {name} is secret: put it into /etc/coffre/secrets/{process}.env" in said
    assert value not in said


@pytest.mark.requirement("R50")
@pytest.mark.parametrize(
    ("process", "name", "value"),
    [
        ("all", "COFFRE_OBJECTS_URL", "s3://coffre?region=us-east-1"),
        ("all", "COFFRE_OBJECTS_URL", "s3://c?region=gra&endpoint=https://gra.s3.bhs.io.cloud.ovh.net"),
        ("all", "COFFRE_OBJECTS_URL", "s3://coffre?endpoint=https://s3.bhs.io.cloud.ovh.net&region=bhs"),
        ("vault", "COFFRE_SECOND_PLACE_URL", "s3://coffre?region=eu-west-2"),
        ("vault", "COFFRE_VAULT_ROOT", "aws-kms:alias/root?region=us-east-1"),
        ("vault", "COFFRE_VAULT_ROOT", "aws-kms:arn:aws:kms:us-gov-west-1:123456789012:key/1"),
        ("vault", "COFFRE_VAULT_ROOT", "aws-kms:a?region=eu-west-3&endpoint=https://kms.us-east-1.api.aws"),
        ("vault", "COFFRE_VAULT_ROOT", "aws-kms:a?endpoint=https%3A%2F%2Fkms.us-east-1.amazonaws.com"),
        ("vault", "COFFRE_VAULT_ROOT", "combined:quorum:/srv/root+aws-kms:alias/root?region=us-east-1"),
        ("vault", "COFFRE_VAULT_ROOT", "transit:https://bao.us-east-1.compute.amazonaws.com:8200/transit/k"),
        ("all", "COFFRE_VAULT_URL", "https://VAULT.US-EAST-1.COMPUTE.AMAZONAWS.COM.:8443"),
        ("all", "COFFRE_VAULT_URL", "https://eu-west-3.vault.us-east-1.compute.amazonaws.com:8443"),
        ("all", "COFFRE_VAULT_URL", "https://vault.eu-west-2.compute.amazonaws.com:8443"),
        ("reader", "COFFRE_OBJECTS_PUBLIC_URL", "https://s3.us-west-2.amazonaws.com"),
        ("reader", "COFFRE_OBJECTS_PUBLIC_URL", "https://eu-west-3.s3.us-east-1.amazonaws.com"),
        ("all", "COFFRE_OBJECTS_URL", "minio://S3.EU-WEST-2.AMAZONAWS.COM/b?region=eu-west-2"),
        ("vault", "COFFRE_VAULT_ROOT", "aws-kms:arn:aws:kms:us-east-1:1:key/1?region=eu-west-3"),
        ("vault", "COFFRE_VAULT_ROOT", "combined:aws-kms:alias/r?region=us-east-1+file:/r"),
        ("vault", "COFFRE_VAULT_ROOT", "transit:https://v.us-east-1.amazonaws.com/transit/r"),
        ("vault", "AWS_REGION", "eu-west-2"),
        ("vault", "AWS_DEFAULT_REGION", "US-EAST-1"),
        ("vault", "AWS_ENDPOINT_URL_KMS", "https://kms.us-east-1.amazonaws.com"),
    ],
)
def test_a_region_outside_the_eea_is_found_wherever_it_is(process: str, name: str, value: str) -> None:
    said = refused(**{process: {name: value}})
    assert f"{name} names a region outside the European Economic Area" in said
    told = [line.partition(":")[0] for line in said.splitlines() if "European" in line]
    assert len(told) == len({*told}), "each process hears it once"


@pytest.mark.parametrize(
    "value", ["https://vault.eu-west-3.compute.amazonaws.com:8443", "https://vault.coffre.internal:8443"]
)
def test_places_inside_it_and_names_of_ones_own_are_taken(value: str) -> None:
    assert "European" not in refused(all={"COFFRE_VAULT_URL": value})


def test_what_is_missing_is_named() -> None:
    settings = {name: each for name, each in GOOD["settings"].items() if name != "vault"}
    assert faults(read(json.dumps({**GOOD, "settings": settings}))) == [
        "vault: COFFRE_VAULT_ROOT is missing."
    ]
    said = refused(all={"COFFRE_VAULT_URL": "https://vault.coffre.internal:8443"})
    assert "reader: an https:// vault needs COFFRE_VAULT_TLS_CERTIFICATE" in said


def test_who_serves_behind_a_proxy_is_told_which() -> None:
    """Without it limits and pauses would count everybody as one caller."""
    served = sorted(name for name, each in PROCESSES.items() if each.port)
    said = refused(all={"COFFRE_TRUSTED_PROXIES": " "})
    assert sorted(line.partition(":")[0] for line in said.splitlines()) == served
    assert "COFFRE_TRUSTED_PROXIES is missing: a proxy stands before it" in said


@pytest.mark.parametrize(
    ("process", "name", "value", "sentence"),
    [
        ("all", "COFFRE_PUBLIC_URL", "http://coffre.example", "its origin: COFFRE_PUBLIC_URL=https://…"),
        ("worker", "COFFRE_WORKERS", "2_0", "COFFRE_WORKERS"),
        ("gateway", "COFFRE_TRUSTED_PROXIES", "nginx", "COFFRE_TRUSTED_PROXIES names addresses"),
        ("vault", "COFFRE_REQUIRE_POSSESSION", "false", "proofs of possession"),
    ],
)
def test_what_a_process_would_refuse_at_its_start_is_told_before(
    process: str, name: str, value: str, sentence: str
) -> None:
    assert sentence in refused(**{process: {name: value}})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("COFFRE_PUBLIC_URL", "https://other.example", "COFFRE_PUBLIC_URL differs between processes"),
        ("COFFRE_ENVIRONMENT", "test", "COFFRE_ENVIRONMENT differs between processes"),
        ("COFFRE_OBJECTS_URL", "s3://other?region=eu-west-3", "COFFRE_OBJECTS_URL names several stores"),
    ],
)
def test_processes_that_contradict_each_other_are_told(name: str, value: str, sentence: str) -> None:
    assert f"all: {sentence}" in refused(reader={name: value})


@pytest.mark.parametrize("endpoint", ["http://objects:8333", "http://127.0.0.1:8333"])
def test_a_store_that_readers_do_not_reach_is_told_unless_it_is_said_where_they_do(endpoint: str) -> None:
    inside = {"COFFRE_OBJECTS_URL": f"s3://coffre?endpoint={endpoint}"}
    said = [line for line in refused(all=inside).splitlines() if "readers do not reach" in line]
    assert [line.partition(":")[0] for line in said] == ["reader", "gateway"]
    assert refused(all={**inside, "COFFRE_OBJECTS_PUBLIC_URL": "https://coffre.example"}) == ""


def test_a_mail_server_that_all_are_told_is_no_contradiction() -> None:
    mail = {
        "COFFRE_NOTICES_URL": "smtp://mail.coffre.internal",
        "COFFRE_NOTICES_FROM": "avis@coffre.example",
    }
    assert refused(all=mail) == ""


def test_two_ways_to_one_bucket_are_no_contradiction() -> None:
    assert refused(reader={"COFFRE_OBJECTS_URL": "s3://coffre?region=eu-west-3&timeout=5"}) == ""


def test_what_this_process_has_in_its_environment_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFFRE_WORKERS", "many")
    assert faults(site()) == []


@pytest.mark.parametrize("before", ["", "combined:file:/var/lib/root+"])
def test_an_address_that_can_be_no_roots_is_named_here_and_not_at_init(before: str) -> None:
    said = refused(vault={"COFFRE_VAULT_ROOT": f"{before}transit:http://root:8200/transit/key"})
    assert "vault: Keys travel over https" in said
    assert "begins with" in refused(vault={"COFFRE_VAULT_ROOT": "openbao:https://root:8200"})


@pytest.mark.parametrize("value", ["redis://[", "minio://[x]/b", "s3://[::1"])
def test_a_store_that_can_be_none_is_told_and_not_compared(value: str) -> None:
    said = refused(worker={"COFFRE_OBJECTS_URL": value})
    assert said.startswith("worker: COFFRE_OBJECTS_URL")


# Whom they reach


def alone(*networks: str, **more: dict[str, str]) -> list[str]:
    """What is said of a site whose engines are on its own machine, but for `more`."""
    here = {"COFFRE_OBJECTS_URL": "s3://coffre?endpoint=https://127.0.0.1:8333&region=eu-west-3"}
    readers = {"COFFRE_OBJECTS_PUBLIC_URL": "https://coffre.example"}
    root = {"COFFRE_VAULT_ROOT": "pkcs11:token=coffre;object=root?module-path=/usr/lib/hsm.so"}
    own: dict[str, dict[str, str]] = {"all": {**here, **readers}, "vault": root}
    told = {name: own.get(name, {}) | more.get(name, {}) for name in {**own, **more}}
    return faults(replace(site(**told), networks=networks))


@pytest.mark.parametrize(
    ("process", "name", "value"),
    [
        ("worker", "COFFRE_OBJECTS_URL", "s3://coffre?region=eu-west-3"),
        ("worker", "COFFRE_OBJECTS_URL", "s3://coffre?endpoint=https://store.internal&region=eu-west-3"),
        ("vault", "COFFRE_VAULT_ROOT", "aws-kms:alias/root?region=eu-west-3"),
        ("vault", "COFFRE_VAULT_ROOT", "transit:https://bao.internal:8200/transit/coffre"),
        ("vault", "COFFRE_VAULT_ROOT", "combined:file:/etc/root+transit:https://bao.internal:8200/t/coffre"),
        ("vault", "COFFRE_SECOND_PLACE_URL", "s3://notes?region=eu-west-3"),
        ("housekeeper", "COFFRE_NOTICES_URL", "smtps://mail.example:465"),
        ("signin", "COFFRE_SMS_URL", "https://sms.example/v1?sender=Coffre&token_file=/etc/coffre/sms"),
        ("signin", "COFFRE_SYSLOG_URL", "tcp+tls://logs.example:6514"),
        ("signin", "COFFRE_PSC_ISSUER", "https://auth.example"),
    ],
)
def test_a_site_without_networks_says_who_would_reach_nothing(process: str, name: str, value: str) -> None:
    (said,) = [line for line in alone(**{process: {name: value}}) if "another machine" in line]
    assert said.startswith(f"{process}: {name} is on another machine")
    assert 'write networks = ["10.20.0.0/16"] under [site]' in said
    assert value not in said
    assert [line for line in alone("10.20.0.0/16", **{process: {name: value}}) if "machine" in line] == []


def test_what_is_on_the_same_machine_needs_no_network() -> None:
    assert alone() == []
    beside = {"COFFRE_VAULT_ROOT": "transit:https://root:8200/transit/r?ca=/run/root.pem"}
    store = {"COFFRE_OBJECTS_URL": "s3://coffre?endpoint=http://objects:8333"}
    assert alone(all=store, vault=beside, housekeeper={"COFFRE_NOTICES_URL": "page:"}) == []


def test_an_address_outside_the_networks_is_told_and_a_name_is_left_to_its_network() -> None:
    mail = {"COFFRE_NOTICES_URL": "smtps://10.30.0.7:465", "COFFRE_NOTICES_FROM": "coffre@coffre.example"}
    (said,) = alone("10.20.0.0/16", housekeeper=mail)
    assert said.startswith("housekeeper: COFFRE_NOTICES_URL lies in none of the networks")
    assert alone("10.20.0.0/16", "10.30.0.0/24", housekeeper=mail) == []
    six = {**mail, "COFFRE_NOTICES_URL": "smtps://[fd00::7]:465"}
    assert len(alone("10.20.0.0/16", housekeeper=six)) == 1
    assert alone("fd00::/64", housekeeper=six) == []


@pytest.mark.parametrize(
    "network",
    ["any", "10.20.0.1/16", "db.internal", "", "0.0.0.0/0", "::/0", "128.0.0.0/1", "::1%any a/128"],
)
def test_what_is_no_network_is_told(network: str) -> None:
    assert any(line.startswith("site: networks has") for line in alone(network))
