"""Units of systemd: what each process is allowed is in the table of processes, and all else is taken away."""

import json
import re
from pathlib import Path

import pytest

from coffre.deploying import environment_file, rendering, secret_files, units
from coffre.deploying.processes import PROCESSES, number_of, user_of
from coffre.deploying.site import read
from records.errors import Conflict, Invalid
from tests.unit.coffre.deploying.test_site import GOOD, site

RENDERED = rendering.rendered(site())


def lines(process: str) -> list[tuple[str, str]]:
    text = RENDERED[f"systemd/{user_of(process)}.service"]
    return [(name, value) for name, _, value in (line.partition("=") for line in text.splitlines()) if value]


def value_of(process: str, name: str) -> str:
    (found,) = [value for each, value in lines(process) if each == name]
    return found


@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_has_its_user_its_command_and_its_files(process: str) -> None:
    assert value_of(process, "User") == f"coffre-{process}"
    assert " ".join(PROCESSES[process].arguments) in value_of(process, "ExecStart")
    assert value_of(process, "EnvironmentFile") == f"/etc/coffre/settings/{process}.env"
    loaded = [value for name, value in lines(process) if name == "LoadCredential"]
    assert [each.partition(":")[2] for each in loaded] == [
        f"/etc/coffre/roles/{process}.env",
        f"/etc/coffre/secrets/{process}.env",
    ]


@pytest.mark.parametrize("process", PROCESSES)
def test_no_secret_stands_in_a_unit_or_in_its_settings(process: str) -> None:
    text = RENDERED[f"settings/{process}.env"] + RENDERED[f"systemd/{user_of(process)}.service"]
    for name in ("INDEX_URL", "VAULT_STORE_URL", "DAY_KEYS_URL", "PASSPHRASE", "_PIN", "SECRET_ACCESS_KEY"):
        assert f"{name}=" not in text


def test_of_the_data_directory_each_writes_its_own_alone() -> None:
    written = {process: [v for n, v in lines(process) if n == "ReadWritePaths"] for process in PROCESSES}
    assert written.pop("vault") == ["-/var/lib/coffre/vault"]
    assert written.pop("reader") == ["-/var/lib/coffre/reader"]
    assert written.pop("signin") == ["-/var/lib/coffre/sign-in"]
    assert set(map(tuple, written.values())) == {()}


@pytest.mark.parametrize("process", PROCESSES)
def test_systemd_is_told_when_it_is_ready_and_watches_who_can_not_be_asked(process: str) -> None:
    assert value_of(process, "Type") == "notify"
    watched = [value for name, value in lines(process) if name == "WatchdogSec"]
    assert bool(watched) is PROCESSES[process].pulse
    if watched:
        assert f"--pulse /run/{value_of(process, 'RuntimeDirectory')}/" in value_of(process, "ExecStart")


def test_a_vault_is_not_ended_while_those_who_hold_its_shares_come() -> None:
    bounds = {process: value_of(process, "TimeoutStartSec") for process in PROCESSES}
    assert bounds.pop("vault") == "infinity"
    assert set(bounds.values()) == {"120"}


def test_only_what_reads_files_may_make_namespaces_for_its_children() -> None:
    allowed = {process for process in PROCESSES if value_of(process, "RestrictNamespaces") != "yes"}
    assert allowed == {"worker", "reader", "gateway"}


def test_the_vault_sees_whose_user_calls_and_all_others_see_nobody() -> None:
    assert [value for name, value in lines("vault") if name == "PrivateUsers"] == []
    assert {value_of(process, "PrivateUsers") for process in PROCESSES if process != "vault"} == {"yes"}


def test_the_vault_knows_its_callers_by_the_numbers_that_their_users_get() -> None:
    users = dict(re.findall(r"^u (coffre-\w+) (\d+)", RENDERED["sysusers.d/coffre.conf"], re.M))
    assert users == {user_of(process): str(number_of(process)) for process in PROCESSES}
    assert f"reader={users['coffre-reader']}" in RENDERED["settings/vault.env"]
    members = set(re.findall(r"^m (coffre-\w+) coffre-callers", RENDERED["sysusers.d/coffre.conf"], re.M))
    assert members == {user_of(process) for process, each in PROCESSES.items() if each.doors}


def test_networks_of_the_site_are_all_that_a_process_may_speak_with() -> None:
    text = units.service(read(json.dumps({**GOOD, "site": {"networks": ["10.20.0.0/16"]}})), "worker")
    assert "IPAddressDeny=any\nIPAddressAllow=localhost 10.20.0.0/16\n" in text


def test_values_reach_the_process_as_they_are_written() -> None:
    value = """d'hôpital "a" $HOME `b` \\c"""
    odd = rendering.rendered(site(vault={"AWS_ROLE_SESSION_NAME": value}))
    assert environment_file.read(odd["settings/vault.env"])["AWS_ROLE_SESSION_NAME"] == value


# Writing


def test_again_nothing_changes_and_a_change_changes_what_says_it(tmp_path: Path) -> None:
    assert rendering.write(RENDERED, tmp_path) == len(RENDERED)
    assert rendering.write(RENDERED, tmp_path) == 0
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    rendering.write(rendering.rendered(site(worker={"COFFRE_WORKERS": "4"})), tmp_path)
    changed = {str(path.relative_to(tmp_path)) for path, text in before.items() if path.read_text() != text}
    assert changed == {"settings/worker.env", "settings/owner.env", "container/compose.yaml"}


def test_a_folder_with_anything_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd/ssh.service").write_text("mine")
    with pytest.raises(Conflict, match=r"systemd/ssh\.service") as refusal:
        rendering.write(RENDERED, tmp_path)
    assert refusal.value.code == "foreign_files"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["ssh.service"]


def test_what_does_not_hold_is_not_rendered() -> None:
    with pytest.raises(Invalid, match="European Economic Area"):
        rendering.rendered(site(all={"COFFRE_OBJECTS_URL": "s3://coffre?region=us-east-1"}))


# Secrets


def test_secrets_become_files_of_their_owner_alone(tmp_path: Path) -> None:
    given = {"vault": {"COFFRE_VAULT_PIN": "1234"}, "worker": {"COFFRE_S3_ACCESS_KEY_ID": "K"}}
    written = secret_files.write(given, tmp_path / "secrets")
    assert {path.name: path.read_text() for path in written} == {
        "vault.env": "COFFRE_VAULT_PIN=1234\n",
        "worker.env": "COFFRE_S3_ACCESS_KEY_ID=K\n",
    }
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        {"valt": {}},
        {"vault": "1234"},
        {"reader": {"COFFRE_VAULT_PIN": "1234"}},
        {"vault": {"COFFRE_VAULT_PIN": "12\n34"}},
        {"vault": {"COFFRE_VAULT_PIN": ""}},
    ],
)
def test_what_is_none_writes_nothing_and_repeats_no_value(tmp_path: Path, given: object) -> None:
    with pytest.raises(Invalid) as refusal:
        secret_files.write(given, tmp_path / "secrets")
    assert "34" not in refusal.value.sentence
    assert not (tmp_path / "secrets").exists()
