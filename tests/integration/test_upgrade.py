"""Whoever has data keeps it: that of each released version is migrated, read, verified and restored."""

import hashlib
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from coffre.settings import load
from coffre.wiring import System
from keyvault.crypto.envelope import KeyUse
from keyvault.crypto.sealed_json import open_details
from keyvault.keys.record_keys import unwrap
from records.documents.details_json import from_json, to_json
from storage.migrations.revisions import revisions
from tests.integration.running import process
from tests.services import warm
from tests.services.processes import free_port

RELEASES = sorted((Path(__file__).parents[1] / "vectors").glob("data-*.tar.xz"))
# What a list has said of a document since 0.1.0 and must go on to say.
LASTING = (
    "id",
    "kind",
    "title",
    "type",
    "class",
    "labels",
    "state",
    "study_uid",
    "instances",
    "structure",
    "date",
)
REVISIONS = {"0.1.0": {"index": "0003", "vault": "0003", "day_keys": "0001", "accounts": ""}}
"""The tables' revisions in each."""
NEWCOMER = "899700024492"


@dataclass(frozen=True)
class Installed:
    """A data directory of an earlier version, with what must be found in it."""

    folder: Path
    facts: dict[str, Any]

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        return {"COFFRE_VAULT_PASSPHRASE": self.facts["passphrase"]}

    def coffre(self, *arguments: object, code: int = 0) -> str:
        done = warm.run(*arguments, env={**os.environ, **self.environment})
        assert done.returncode == code, (arguments[:2], done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def token(self, data: Path, *who: object) -> str:
        made = self.coffre(
            "identity", "issue", *who, "--out", self.folder / "identities", "--data", data, "--json"
        )
        return str(json.loads(made)["token"])

    def patient(self, data: Path) -> str:
        return self.token(data, "patient", "--ins", self.facts["patient"])

    def doctor(self, data: Path, rpps: str) -> str:
        return self.token(
            data, "professional", "--rpps", rpps, "--profession", "10", "--structure", "1750000002"
        )

    def opened(self, data: Path, url: str, token: str, ins: str) -> set[str]:
        """SHA-256 of each file that `coffre fetch` opens."""
        kept, out = self.folder / "fetch.token", self.folder / f"opened-{os.urandom(4).hex()}"
        kept.write_text(token)
        self.coffre("fetch", "--record", ins, "--from", url, "--token-file", kept, "--out", out)
        return {hashlib.sha256(one.read_bytes()).hexdigest() for one in out.rglob("*") if one.is_file()}


@pytest.fixture(params=RELEASES, ids=lambda archive: archive.name.removesuffix(".tar.xz"))
def installed(request: pytest.FixtureRequest, tmp_path: Path) -> Installed:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    found = Installed(tmp_path, json.loads((tmp_path / "facts.json").read_text()))
    for folder in (found.data, *(each for each in found.data.rglob("*") if each.is_dir())):
        folder.chmod(0o700)  # as init made them: the archive doesn't say so
    return found


@contextmanager
def serving(installed: Installed, data: Path) -> Iterator[str]:
    port = free_port()
    with process("serve", "--data", str(data), "--port", str(port), env=installed.environment):
        yield f"http://127.0.0.1:{port}"


def ask(url: str, token: str, method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, url + path, headers={"Authorization": f"Bearer {token}"}, timeout=60, **more)


def listed(url: str, token: str, ins: str) -> list[dict[str, Any]]:
    answer = ask(url, token, "GET", f"/records/{ins}/documents")
    assert answer.status_code == 200, answer.text
    return sorted(
        ({name: one[name] for name in LASTING if name in one} for one in answer.json()["documents"]),
        key=lambda one: one["id"],
    )


def test_there_is_a_data_directory_of_each_release() -> None:
    changes = (Path(__file__).parents[2] / "CHANGELOG.md").read_text()
    released = {
        line.removeprefix("## ").split()[0] for line in changes.splitlines() if line.startswith("## 0")
    }
    assert {one.name.removeprefix("data-").removesuffix(".tar.xz") for one in RELEASES} == released


def test_data_of_an_earlier_version_is_migrated_and_everything_in_it_holds(installed: Installed) -> None:
    facts = installed.facts
    installed.coffre("migrate", "--data", installed.data)
    assert f"{facts['tree_size']} " in installed.coffre("audit", "verify", "--data", installed.data)
    installed.coffre("check", "--scrub", "--data", installed.data)
    with serving(installed, installed.data) as url:
        patient = installed.patient(installed.data)
        expected = sorted(
            ({name: one[name] for name in LASTING if name in one} for one in facts["documents"]),
            key=lambda one: one["id"],
        )
        assert listed(url, patient, facts["patient"]) == expected
        assert installed.opened(installed.data, url, patient, facts["patient"]) >= set(facts["digests"])
        events = ask(url, patient, "GET", f"/records/{facts['patient']}/access-log").json()["events"]
        assert len(events) > facts["events"]
        _images_are_read_in_clear(url, patient, facts["patient"])
        _choices_still_count(installed, url, patient)
    installed.coffre("audit", "verify", "--data", installed.data)
    installed.coffre("check", "--data", installed.data)


def _images_are_read_in_clear(url: str, patient: str, ins: str) -> None:
    """Series metadata of 0.1.0 refers to no bulk data: its address is told all the same, and answers."""
    root = f"/records/{ins}/dicomweb/studies"
    read = 0
    for study in ask(url, patient, "GET", root).json():
        for described in ask(url, patient, "GET", f"{root}/{study['0020000D']['Value'][0]}/metadata").json():
            uri = described.get("7FE00010", {}).get("BulkDataURI")
            if uri is None:
                continue
            headers = {"Accept": "application/octet-stream", "Authorization": f"Bearer {patient}"}
            address = uri.partition("/bulkdata/")[0]
            frame = httpx.get(f"{address}/frames/1", timeout=60, headers=headers)
            bulk = httpx.get(uri, timeout=60, headers=headers)
            assert frame.status_code == bulk.status_code == 200
            assert bulk.content.startswith(frame.content) and frame.content
            _what_metadata_does_not_name_is_looked_for(f"{address}/bulkdata", headers)
            read += 1
    assert read


def _what_metadata_does_not_name_is_looked_for(root: str, headers: dict[str, str]) -> None:
    """0.1.0 left values of more than 1 KiB out of series metadata: private ones are found in the instance."""
    for path, status in (("00291010", 404), ("00091001/0/00091010", 404), ("00080018", 404)):
        answer = httpx.get(f"{root}/{path}", timeout=60, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, "no_such_bulkdata")


def _choices_still_count(installed: Installed, url: str, patient: str) -> None:
    """The mask, the block and the opposition that the patient chose under the earlier version."""
    facts, record = installed.facts, f"/records/{installed.facts['patient']}"
    authorised = ask(url, patient, "POST", f"{record}/authorisations", json={"professional": NEWCOMER})
    assert authorised.status_code == 201, authorised.text
    masked = {one["id"] for one in facts["documents"] if "MASQUE_PS" in one["labels"]}
    seen = {one["id"] for one in listed(url, installed.doctor(installed.data, NEWCOMER), facts["patient"])}
    assert seen == {one["id"] for one in facts["documents"]} - masked
    blocked = installed.doctor(installed.data, facts["blocked"])
    assert ask(url, blocked, "GET", f"{record}/documents").status_code == 403


def test_a_dry_run_names_each_migration_that_is_missing_and_changes_nothing(installed: Installed) -> None:
    files = {path: path.read_bytes() for path in installed.data.rglob("*.db")}
    plan = json.loads(installed.coffre("migrate", "--dry-run", "--json", "--data", installed.data))
    assert {branch: [each["revision"] for each in found] for branch, found in plan.items()} == {
        branch: [
            number for number in revisions(branch) if number > REVISIONS[installed.facts["version"]][branch]
        ]
        for branch in plan
    }
    assert files == {path: path.read_bytes() for path in installed.data.rglob("*.db")}
    installed.coffre("migrate", "--data", installed.data)
    told = installed.coffre("migrate", "--dry-run", "--data", installed.data)
    assert told == "The databases are at this version.\n"


def test_choices_on_earlier_cards_are_moved_by_a_job_that_first_counts_them(installed: Installed) -> None:
    def job(*options: str) -> dict[str, int]:
        told = installed.coffre("migrate", "--choices", *options, "--json", "--data", installed.data)
        return dict(json.loads(told))

    installed.coffre("migrate", "--data", installed.data)
    counted = job("--dry-run")
    assert counted["cards"] >= 1 and counted["authorisations"] >= counted["cards"]
    assert job("--dry-run") == counted and job() == counted
    assert job() == {**counted, "cards": 0, "authorisations": 0}
    assert job("--after", "ffffffff-ffff-ffff-ffff-ffffffffffff")["records"] == 0
    after = ("--after", "ffffffff-ffff-ffff-ffff-ffffffffffff")
    installed.coffre("migrate", *after, "--data", installed.data, code=2)
    installed.coffre("audit", "verify", "--data", installed.data)
    installed.coffre("check", "--data", installed.data)
    with serving(installed, installed.data) as url:
        _choices_still_count(installed, url, installed.patient(installed.data))


def test_two_operators_give_an_earlier_vault_keys_that_are_derived_apart(installed: Installed) -> None:
    installed.coffre("migrate", "--data", installed.data)
    files = []
    for name in ("first", "second"):
        token = installed.token(installed.data, "operator", "--name", name)
        files.append(installed.folder / f"{name}.token")
        files[-1].write_text(token)
    operators = ("--operator", files[0], "--second-operator", files[1], "--yes")
    told = installed.coffre("vault", "rotate-secrets", *operators, "--data", installed.data, "--json")
    assert json.loads(told)["versions"] == {"accountability": 2, "system-chain": 2}
    installed.coffre("audit", "verify", "--data", installed.data)


def rows_of(system: System) -> Iterator[dict[str, Any]]:
    """The details rows of every record, opened, as they were sealed."""
    vault = system.local_guard()._vault
    with vault.store.reading() as tx:
        for record in tx.find("record"):
            key = vault.open(tx, record).key
            of_record = {"record_id": record["record_id"], "use": int(KeyUse.DETAILS)}
            keys = {row["object_id"]: row for row in tx.find("wrapped_key", **of_record)}
            for _, rows in system.index.documents(record["record_id"], limit=500):
                for row in rows:
                    details_key = unwrap(key, KeyUse.DETAILS, keys[row.submission_id])
                    yield open_details(details_key, row.sealed, row.document_id, row.row_version)


def test_details_that_an_earlier_version_sealed_lose_nothing_where_they_are_read_and_written(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.coffre("migrate", "--data", installed.data)
    for name, value in installed.environment.items():
        monkeypatch.setenv(name, value)
    with System(load(data=installed.data)) as system:
        rows = list(rows_of(system))
    assert {row["kind"] for row in rows} == {"study", "document"}
    assert any("set_aside" in row for row in rows)
    for row in rows:
        found = from_json(row)
        assert to_json(found) == row
        assert not found.unknown


def test_what_was_set_aside_under_an_earlier_version_is_still_there(installed: Installed) -> None:
    installed.coffre("migrate", "--data", installed.data)
    assert "no_ins" in installed.coffre("quarantine", "list", "--data", installed.data, "--json")


def test_a_backup_of_an_earlier_version_is_restored_and_brought_forward(installed: Installed) -> None:
    facts, restored = installed.facts, installed.folder / "restored"
    unsigned = ("--unsigned",) if facts["version"] == "0.1.0" else ()
    installed.coffre("restore", "--from", installed.folder / "backup", "--data", restored, *unsigned)
    for kept in ("vault/root", "authority/signing.key"):
        shutil.copy(installed.data / kept, restored / kept)
    for data in (restored, installed.data):
        installed.coffre("migrate", "--data", data)
    newer = f"sqlite:///{installed.data / 'vault/vault.db'}"
    installed.coffre("vault", "replay", "--at", newer, "--data", restored)
    with serving(installed, restored) as url:
        patient, other = (
            installed.patient(restored),
            installed.token(restored, "patient", "--ins", facts["other"]),
        )
        assert [one["id"] for one in listed(url, patient, facts["patient"])] == sorted(
            one["id"] for one in facts["documents"]
        )
        assert facts["other_digest"] in installed.opened(restored, url, other, facts["other"])
    installed.coffre("audit", "verify", "--data", restored)
