"""Backup under load, restore, freeze, replay: what was published opens, what was revoked stays revoked."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from audit.checkpoint import sign_note
from coffre.commands.check import check_of
from coffre.demo_authority.identities import Identities
from coffre.installation.database_roles import give as give_roles
from coffre.installation.install import initialise
from coffre.plaintext_search.search import prove_and_search
from coffre.safekeeping.archive import MANIFEST, SIGNATURE, Manifest, facts_of, read_manifest
from coffre.safekeeping.backup import Taken, take
from coffre.safekeeping.restore import put_all_back
from coffre.safekeeping.unfreeze import _from
from coffre.settings import Settings, load
from coffre.wiring import System
from keyvault.crypto.signing import public_key, sign
from keyvault.verbs.operator.certifying import backup_text
from records.errors import CoffreError, Conflict
from storage.engines.archiving import put_back
from storage.engines.opening import engine_for
from storage.rows.sign_ins import SignedIn
from tests.integration.support import DOCTOR, TRAITS, Coffre, Patient, bearer, problem
from tests.services import warm
from tests.services.fixtures_postgres import NewDatabase
from tests.services.warm import WarmServer

REASON = "Patient inconscient, antécédents inconnus"
WHY = "Le centre a brûlé, rien de plus récent n'existe"
DATABASES = ("COFFRE_INDEX_URL", "COFFRE_VAULT_STORE_URL", "COFFRE_DAY_KEYS_URL")


def coffre_command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return warm.run(*arguments)


def codes(data: Path, *, scrub: bool = True) -> dict[str, int]:
    """What `coffre check` finds."""
    with System(load(data=data)) as system:
        return dict(check_of(system, scrub=scrub).run().counts)


def restore(taken: Taken, data: Path, original: Path, *known: Path) -> tuple[str, ...]:
    """Restore, and bring the root and the authority's key, as a person would."""
    restored = put_all_back(load(data=data), taken.index, taken.vault, list(known))
    shutil.copy(original / "vault/root", data / "vault/root")
    shutil.copy(original / "authority/signing.key", data / "authority/signing.key")
    return restored.missing


def accept_gap(data: Path) -> None:
    with System(load(data=data)) as system:
        assert system.local_guard().restoring.accept_gap(Identities(system).operator(), WHY) is None


def replay(data: Path, vault_archive: Path, scratch: Path) -> int:
    """Bring forward from an archive; how many entries are missing."""
    copy = scratch / "newer.db"
    shutil.copy(vault_archive / "vault.db", copy)
    with System(load(data=data)) as system:
        guard = system.local_guard()
        return guard.restoring.end(_from(guard, f"sqlite:///{copy}"))


def opened(patient: Patient) -> set[bytes]:
    """The SHA-256 of every pack that the patient's grant opens."""
    grant = patient.coffre.grant(patient.token, patient.ins)
    packs = [blob.sealed for blob in grant.open().blobs if blob.sealed.ref.kind == 1]
    return {hashlib.sha256(grant.read(p.ref.blob_id, 0, p.plaintext_size)).digest() for p in packs}


@dataclass
class Load:
    """Deposits without end, from a thread of their own."""

    patient: Patient
    sent: list[bytes] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._stop = threading.Event()
        self._token = self.patient.coffre.depositor()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        seed = 1_000
        while not self._stop.is_set():
            seed += 1
            files = self.patient.ct(slices=1, seed=seed)
            answer = self.patient.coffre.stow(self._token, files, self.patient.ins)
            assert answer.status_code in (200, 202), answer.text
            self.sent.append(hashlib.sha256(files[0]).digest())


@dataclass
class Story:
    """One installation, backed up twice: under load, and after choices were made."""

    data: Path
    patient: Patient
    first: Taken
    second: Taken
    published_before: set[bytes]
    sent: set[bytes]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    place = tmp_path_factory.mktemp("backup")
    data = place / "data"
    settings = load(data=data)
    initialise(settings)
    with WarmServer(data) as server:
        coffre = Coffre(data, server)
        patient = coffre.open_record()
        patient.authorise()
        assert coffre.stow(coffre.depositor(), patient.ct(), patient.ins).status_code == 200
        with Load(patient) as load_:
            while len(load_.sent) < 2:
                pass
            before = opened(patient)
            first = take(settings, place / "first", None, with_objects=True)
        forbid = {"bris_de_glace": False, "centre_15": True}
        assert patient.call("PUT", "/emergency", json=forbid).status_code == 200
        assert patient.call("DELETE", f"/authorisations/{DOCTOR}").status_code == 204
        wait_until(lambda: signed(data))
        second = take(settings, place / "second", place / "second-vault", with_objects=False)
    sent = {hashlib.sha256(b"".join(patient.ct())).digest(), *load_.sent}
    yield Story(data, patient, first, second, before, sent)


def elsewhere(story: Story, data: Path, server: WarmServer) -> Patient:
    """The same person, at the restored server."""
    return Patient(Coffre(data, server), story.patient.ins, story.patient.public_id, story.patient.token)


def test_a_restored_coffre_opens_every_byte_that_was_published(story: Story, tmp_path: Path) -> None:
    data = tmp_path / "data"
    missing = restore(story.first, data, story.data)
    assert [each.split(",")[0].split(":")[0] for each in missing] == [
        "the root",
        "day keys",
        "the authority's key",
        "the sign-in's key",
        "the sign-in's key",
    ]
    assert codes(data) == {}  # frozen, with deposits cut in the middle
    accept_gap(data)
    with WarmServer(data) as server:
        patient = elsewhere(story, data, server)
        found = opened(patient)
        assert story.published_before <= found <= story.sent
        new = patient.coffre.depositor()
        assert patient.coffre.stow(new, patient.ct(seed=7), patient.ins).status_code == 200
        wait_until(lambda: not unfinished(data))
    assert codes(data) == {}


def unfinished(data: Path) -> list[Any]:
    connection = sqlite3.connect(data / "index.db")
    try:
        return connection.execute("SELECT submission_id FROM submission WHERE settled_at IS NULL").fetchall()
    finally:
        connection.close()


def signed(data: Path) -> bool:
    """Every entry is under a checkpoint."""
    with System(load(data=data)) as system:
        status = system.guard.inspector.status()
    return not status["log_pending"] and status["log_signed"] == status["log_size"]


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.requirement("R49")
def test_a_frozen_vault_decides_nothing_and_says_so(story: Story, tmp_path: Path) -> None:
    data = tmp_path / "data"
    restore(story.first, data, story.data)
    with WarmServer(data) as server:
        patient = elsewhere(story, data, server)
        for answer in (
            patient.call("GET", "/documents"),
            patient.call("POST", "/authorisations", json={"professional": DOCTOR}),
            patient.coffre.grant(patient.token, patient.ins).answer,
        ):
            assert (answer.status_code, problem(answer)) == (503, "vault_frozen")
    with System(load(data=data)) as system:
        status = system.guard.inspector.status()
        assert status["frozen"] and status["log_size"] == story.first.log_size
        with pytest.raises(CoffreError) as refusal:
            system.guard.housekeeper.never_adopted([])
        assert refusal.value.code == "vault_frozen"


def test_no_sign_in_and_no_letter_of_a_backup_serves_again(story: Story, tmp_path: Path) -> None:
    """They may have ended, or been used, since."""
    copy, session, holder = tmp_path / "copy", uuid4(), uuid4()
    shutil.copytree(story.data, copy)
    with System(load(data=copy)) as system:
        system.index.put_sign_in(
            SignedIn(
                digest=b"d" * 32, sealed=b"s", expires=2**50, session_id=session, made_at=1, used_at=2**49
            )
        )
        with system.accounts.writing() as tx:
            letter = {"account_id": holder, "purpose": "first_visit", "code": b"c" * 32, "expires": 2**50}
            tx.insert_new("letter", letter)
    taken = take(load(data=copy), tmp_path / "backup", None, with_objects=False)
    missing = restore(taken, tmp_path / "data", copy)
    assert any(each.startswith("1 letters with codes") for each in missing)
    with System(load(data=tmp_path / "data")) as system:
        assert system.index.sign_in(b"d" * 32, 1, 1) is None
        with system.accounts.reading() as tx:
            assert [row["code"] for row in tx.find("letter", account_id=holder)] == [b""]


def test_what_was_closed_after_the_backup_stays_closed_through_replay(story: Story, tmp_path: Path) -> None:
    data = tmp_path / "data"
    restore(story.first, data, story.data)
    assert replay(data, story.second.vault, tmp_path) == 0
    with WarmServer(data) as server:
        patient = elsewhere(story, data, server)
        assert patient.call("GET", "/authorisations").json()["authorisations"] == []
        doctor = patient.coffre.professional()
        listed = patient.coffre.http.get(f"/records/{patient.ins}/documents", headers=bearer(doctor))
        assert (listed.status_code, problem(listed)) == (403, "not_authorised")
        broken = patient.coffre.grant(doctor, patient.ins, purpose="bris_de_glace", reason=REASON).answer
        assert (broken.status_code, problem(broken)) == (403, "not_authorised")
        assert opened(patient)
        lines = [(line["action"], line["outcome"]) for line in patient.log()]
        assert ("set_emergency", "permit") in lines and ("revoke", "permit") in lines
    assert branches(data, story) == branches(story.data, story) == [1, 3]
    with System(load(data=data)) as system:
        report = system.guard.inspector.verify_log([note(story.second)])
        assert report.size > story.second.log_size


def branches(data: Path, story: Story) -> list[int]:
    """The ways into the patient's record."""
    connection = sqlite3.connect(data / "vault/vault.db")
    try:
        rows = connection.execute(
            "SELECT branch FROM record_key JOIN record USING (record_id) WHERE public_id = ? ORDER BY branch",
            (story.patient.public_id.bytes,),
        ).fetchall()
    finally:
        connection.close()
    return [branch for (branch,) in rows]


def note(taken: Taken) -> str:
    found = read_manifest(taken.vault, "vault").checkpoint
    assert found is not None
    return found


def test_an_accepted_gap_is_on_the_log_and_brings_the_older_choices_back(
    story: Story, tmp_path: Path
) -> None:
    """Which is why it takes an operator and a reason."""
    data = tmp_path / "data"
    restore(story.first, data, story.data)
    done = coffre_command("vault", "accept-gap", "--yes", "--data", data, "--reason", "court")
    assert (done.returncode, done.stderr.split(":")[0]) == (2, "gap_reason_short")
    done = coffre_command("vault", "accept-gap", "--yes", "--data", data, "--reason", WHY)
    assert done.returncode == 0, done.stderr
    assert branches(data, story) == [1, 2, 3]
    with System(load(data=data)) as system:
        assert not system.guard.inspector.status()["frozen"]
        system.guard.inspector.verify_log()
    again = coffre_command("vault", "accept-gap", "--yes", "--data", data, "--reason", WHY)
    assert again.stderr.startswith("not_frozen")


def test_a_known_checkpoint_keeps_the_vault_frozen_until_it_is_reached(story: Story, tmp_path: Path) -> None:
    known = tmp_path / "checkpoint"
    known.write_text(note(story.second))
    data = tmp_path / "data"
    restore(story.first, data, story.data, known)
    with System(load(data=data)) as system:
        restoring = system.local_guard().restoring
        assert restoring.end(None) > 0
        assert restoring.frozen() is not None
    assert replay(data, story.second.vault, tmp_path) == 0


def test_a_newer_index_makes_its_checkpoint_known(story: Story, tmp_path: Path) -> None:
    data = tmp_path / "data"
    mixed = Taken(backup="", index=story.second.index, vault=story.first.vault, objects=0, log_size=0)
    restore(mixed, data, story.data)
    with System(load(data=data)) as system:
        frozen = system.local_guard().restoring.frozen()
    assert frozen is not None and frozen.known_note == note(story.second)


def test_replay_on_the_command_line(story: Story, tmp_path: Path) -> None:
    data = tmp_path / "data"
    restore(story.first, data, story.data)
    alone = coffre_command("vault", "replay", "--data", data)
    assert (alone.returncode, alone.stderr.split(":")[0]) == (1, "nothing_known")
    done = coffre_command("vault", "replay", "--from", story.second.vault, "--data", data, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["before"], told["after"], told["missing"]) == (
        story.first.log_size,
        story.second.log_size,
        0,
    )
    assert told["replayed"] >= 2


def test_another_vaults_archive_brings_nothing_forward(story: Story, tmp_path: Path) -> None:
    other = tmp_path / "other"
    initialise(load(data=other))
    with WarmServer(other) as server:
        Coffre(other, server).open_record()
    foreign = take(load(data=other), tmp_path / "foreign", None, with_objects=False)
    data = tmp_path / "data"
    restore(story.first, data, story.data)
    with pytest.raises(CoffreError) as refusal:
        replay(data, foreign.vault, tmp_path)
    assert refusal.value.code == "other_log"
    with System(load(data=data)) as system:
        assert system.guard.inspector.verify_log().size == story.first.log_size


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edited(folder: Path, **values: object) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


TAMPERING: dict[str, Callable[[Path], object]] = {
    "the index": lambda folder: change(folder / "index.db"),
    "the vault": lambda folder: change(folder / "vault/vault.db"),
    "the inventory of objects": lambda folder: change(folder / "objects.jsonl"),
    "the public keys": lambda folder: change(folder / "coffre"),
    "an object": lambda folder: change(next(folder.glob("objects/*/*/*"))),
    "a file is gone": lambda folder: (folder / "index.db").unlink(),
    "an object is gone": lambda folder: next(folder.glob("objects/*/*/*")).unlink(),
    "a count": lambda folder: edited(folder, counts={}),
    "the size of the log": lambda folder: edited(folder / "vault", log_size=1),
    "a member more": lambda folder: edited(folder, more=1),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_an_altered_backup_is_refused(story: Story, tmp_path: Path, what: str) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(story.first.index, folder)
    TAMPERING[what](folder)
    with pytest.raises(CoffreError) as refusal:
        put_all_back(load(data=tmp_path / "data"), folder, folder / "vault", [])
    assert refusal.value.code == "backup_altered"
    assert not (tmp_path / "data/coffre").exists()


def test_a_manifest_written_anew_still_has_to_fit_the_databases(story: Story, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(story.first.index, folder)
    manifest = read_manifest(folder, "index")
    values = {name: getattr(manifest, name) for name in Manifest.__slots__}
    values["counts"] = {**manifest.counts, "document": 1}
    (folder / MANIFEST).write_text(json.dumps(Manifest(**values).to_json()))
    with pytest.raises(CoffreError) as refusal:
        put_all_back(load(data=tmp_path / "data"), folder, folder / "vault", [])
    assert refusal.value.code == "backup_altered"


def rewritten(folder: Path, **facts: str) -> None:
    """Other public facts, with a manifest that fits them: whoever holds a backup can compute digests."""
    identity = json.loads((folder / "coffre").read_text()) | facts
    (folder / "coffre").write_text(json.dumps(identity))
    found = json.loads((folder / MANIFEST).read_text())
    members = {name: found[name] for name in Manifest.__slots__}
    members["files"] = {**members["files"], "coffre": facts_of(folder / "coffre")}
    (folder / MANIFEST).write_text(json.dumps(Manifest(**members).to_json()))


def test_another_authority_in_a_backup_is_seen_by_the_signature(story: Story, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(story.first.index, folder)
    rewritten(folder, authority_public="ab" * 32)
    with pytest.raises(CoffreError) as refusal:
        put_all_back(load(data=tmp_path / "data"), folder, folder / "vault", [])
    assert refusal.value.code == "backup_altered"


def test_a_backup_signed_anew_by_somebody_else_starts_no_vault(story: Story, tmp_path: Path) -> None:
    folder, data = tmp_path / "backup", tmp_path / "data"
    shutil.copytree(story.first.index, folder)
    private = os.urandom(32)
    rewritten(folder, authority_public="ab" * 32, certificate_public=public_key(private).hex())
    for part in (folder, folder / "vault"):
        resign(part, private)
    put_all_back(load(data=data), folder, folder / "vault", [])
    shutil.copy(story.data / "vault/root", data / "vault/root")
    with System(load(data=data)) as system, pytest.raises(CoffreError) as refusal:
        system.local_guard()
    assert refusal.value.code == "identity_of_another"


def resign(folder: Path, private: bytes) -> None:
    found = json.loads((folder / MANIFEST).read_text())
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).digest()
    signed = backup_text(found["origin"], UUID(found["backup"]), found["part"], digest)
    note = sign_note(signed, found["origin"], lambda text: sign(private, text), public_key(private))
    (folder / SIGNATURE).write_text(note)


def test_a_backup_without_signature_is_taken_only_where_that_is_said(story: Story, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    shutil.copytree(story.first.index, folder)
    (folder / "vault" / SIGNATURE).unlink()
    refused = coffre_command("restore", "--from", folder, "--data", tmp_path / "data")
    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "backup_unsigned")
    done = coffre_command("restore", "--from", folder, "--data", tmp_path / "data", "--unsigned")
    assert done.returncode == 0, done.stderr


def test_a_wrong_signature_is_refused_whatever_is_asked(story: Story, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(story.first.index, folder)
    (folder / "vault" / SIGNATURE).write_bytes((folder / SIGNATURE).read_bytes())
    for options in ([], ["--unsigned"]):
        refused = coffre_command("restore", "--from", folder, "--data", tmp_path / "data", *options)
        assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "backup_altered")


def test_a_backup_never_overwrites_and_a_restore_wants_an_empty_place(story: Story, tmp_path: Path) -> None:
    with pytest.raises(Conflict) as refusal:
        take(load(data=story.data), story.first.index, None, with_objects=False)
    assert refusal.value.code == "backup_exists"
    with pytest.raises(Conflict) as refusal:
        put_all_back(load(data=story.data), story.first.index, story.first.vault, [])
    assert refusal.value.code == "not_empty"


def test_a_backup_that_fails_leaves_nothing(story: Story, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(story.data, copy)
    next((copy / "objects").glob("b/*/*/*")).unlink()
    with pytest.raises(CoffreError):
        take(load(data=copy), tmp_path / "backup/here", None, with_objects=True)
    assert list((tmp_path / "backup").iterdir()) == []


def test_the_manifests_tell_what_is_there(story: Story) -> None:
    index, vault = read_manifest(story.first.index, "index"), read_manifest(story.first.vault, "vault")
    assert index.backup == vault.backup == story.first.backup
    assert index.log_size == vault.log_size == story.first.log_size
    assert note(story.first).splitlines()[0] == vault.origin
    assert set(index.files) == {"index.db", "accounts.db", "objects.jsonl", "coffre"}
    assert set(vault.files) == {"vault.db"}
    assert index.objects["copied"] <= index.objects["count"] == len(inventory(story.first))
    assert "day_key" not in vault.counts


def inventory(taken: Taken) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (taken.index / "objects.jsonl").read_text().splitlines()]


def test_nothing_of_a_backup_is_in_clear_and_no_root_is_in_it(story: Story) -> None:
    files = [b"".join(story.patient.ct())]
    root = json.loads((story.data / "vault/root").read_text())["key"]
    needles = {
        "name": TRAITS.family_name,
        "INS": story.patient.ins,
        "doctor": DOCTOR,
        "root": root,
        "authority": bytes.fromhex((story.data / "authority/signing.key").read_text().strip()),
        "authority in hexadecimal": (story.data / "authority/signing.key").read_text().strip(),
        "signer of addresses": (story.data / "reader/url.key").read_text().strip(),
    }
    for taken in (story.first, story.second):
        for folder in (taken.index, taken.vault):
            report = prove_and_search(folder, needles, [("study", content) for content in files])
            assert report.found == ()
            assert not [path for path in folder.rglob("*") if path.name in ("root", "day-keys.db")]


def test_backup_and_restore_on_the_command_line(story: Story, tmp_path: Path) -> None:
    folder, data = tmp_path / "b", tmp_path / "data"
    done = coffre_command("backup", "--to", folder, "--objects", "--data", story.data, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["objects"] == len(list(folder.glob("objects/*/*/*")))
    restored = coffre_command("restore", "--from", folder, "--data", data)
    assert restored.returncode == 0, restored.stderr
    assert "Missing: the root" in restored.stdout
    assert "frozen" in restored.stdout


def test_the_same_on_postgres_with_roles(
    postgres_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dumps of two snapshots of one instant; the newer vault is given by the address it was restored at.

    The freeze is ended by the databases' owner. The vault's own role cannot, and goes on from there.
    """

    def on(data: Path, urls: Mapping[str, str]) -> Settings:
        for name, url in urls.items():
            monkeypatch.setenv(name, url)
        return load(data=data)

    def new_databases() -> dict[str, str]:
        return {name: postgres_database() for name in DATABASES}

    def refused_to_the_vault(data: Path, *command: object) -> None:
        """With its own role; then the owner's addresses are back."""
        owner = {name: os.environ[name] for name in DATABASES}
        give_roles(load(data=data), tmp_path / f"roles-{data.name}", rotate=("all",))
        on(data, vaults_own(data))
        done = coffre_command("vault", *command, "--data", data)
        assert (done.returncode, done.stderr.split(":")[0]) == (1, "store_refused")
        with System(on(data, owner)) as system:
            assert system.guard.inspector.status()["frozen"]

    def vaults_own(data: Path) -> dict[str, str]:
        lines = (tmp_path / f"roles-{data.name}/vault.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    original, restored, gap = tmp_path / "data", tmp_path / "restored", tmp_path / "gap"
    settings = on(original, new_databases())
    initialise(settings)
    give_roles(settings, None)  # rules on rows name roles, which another server has not
    with WarmServer(original) as server:
        coffre = Coffre(original, server)
        patient = coffre.open_record()
        assert coffre.stow(coffre.depositor(), patient.ct(), patient.ins).status_code == 200
        with Load(patient) as load_:
            while not load_.sent:
                pass
            before = opened(patient)
            first = take(settings, tmp_path / "first", None, with_objects=True)
        forbid = {"bris_de_glace": False, "centre_15": True}
        assert patient.call("PUT", "/emergency", json=forbid).status_code == 200
        second = take(settings, tmp_path / "second", None, with_objects=False)
    at = postgres_database()
    put_back(second.vault / "vault.dump", at)
    on(restored, new_databases())
    restore(first, restored, original)
    with engine_for(load(data=restored).index_url or "").reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_policies")).scalar_one() == 0
    assert codes(restored) == {}
    refused_to_the_vault(restored, "replay", "--at", at)
    done = coffre_command("vault", "replay", "--at", at, "--data", restored)
    assert done.returncode == 0, done.stderr
    on(restored, vaults_own(restored))
    with WarmServer(restored) as server:
        patient = Patient(Coffre(restored, server), patient.ins, patient.public_id, patient.token)
        assert before <= opened(patient)
        doctor = patient.coffre.professional()
        broken = patient.coffre.grant(doctor, patient.ins, purpose="bris_de_glace", reason=REASON).answer
        assert (broken.status_code, problem(broken)) == (403, "not_authorised")
        patient.authorise()
    with pytest.raises(CoffreError) as refusal:
        put_all_back(load(data=tmp_path / "newer"), first.index, first.vault, [])
    assert refusal.value.code == "not_empty"
    on(gap, new_databases())
    restore(first, gap, original)
    refused_to_the_vault(gap, "accept-gap", "--yes", "--reason", WHY)
    done = coffre_command("vault", "accept-gap", "--yes", "--reason", WHY, "--data", gap)
    assert done.returncode == 0, done.stderr
    assert codes(gap) == {}
