"""`coffre check` names every kind of damage, takes no work in hand for one, and repairs only what is safe."""

import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coffre.commands.check import check_of, told_of
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from storage.index.inventory import every
from tests.integration.support import Coffre
from tests.services import warm
from tests.services.warm import WarmServer


@dataclass
class Checked:
    """What the command said."""

    status: int
    told: dict[str, Any]

    @property
    def codes(self) -> set[str]:
        return set(self.told["counts"])


def check(data: Path, *, scrub: bool = False) -> Checked:
    """What the command finds, asked in this process."""
    with System(load(data=data)) as system:
        found = check_of(system, scrub=scrub).run()
    return Checked(0 if found.sound else 1, told_of(found, {}))


def command(data: Path, *options: str) -> Checked:
    done = run(data, "--json", *options)
    assert done.stdout, done.stderr
    return Checked(done.returncode, json.loads(done.stdout))


def run(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return warm.run("check", "--data", data, *options)


def sql(path: Path, statement: str, *values: object) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        with connection:
            return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a study and a report, its server stopped."""
    data = tmp_path_factory.mktemp("check") / "data"
    initialise(load(data=data))
    with WarmServer(data) as server:
        coffre = Coffre(data, server)
        patient = coffre.open_record()
        assert coffre.stow(coffre.depositor(), patient.ct(), patient.ins).status_code == 200
        assert coffre.stow(coffre.depositor(), patient.ct(seed=5), patient.ins).status_code == 200
        patient.authorise()
    return data


@pytest.fixture
def damaged(filled: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy to damage."""
    copy = tmp_path / "data"
    shutil.copytree(filled, copy)
    return copy


def objects(data: Path) -> list[Path]:
    return sorted((data / "objects").glob("b/*/*/*"))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_sound_directory_is_told_so_with_what_was_looked_at(filled: Path) -> None:
    answer = command(filled, "--scrub")
    assert (answer.status, answer.told["counts"]) == (0, {})
    seen = answer.told["seen"]
    assert seen["instances"] == 6
    assert seen["documents"] == 2
    assert seen["scrubbed bytes"] == sum(path.stat().st_size for path in objects(filled))
    assert seen["blobs of the vault"] == seen["blobs of the index"] == len(objects(filled))


def index(statement: str) -> Callable[[Path], object]:
    return lambda data: sql(data / "index.db", statement)


def vault(statement: str) -> Callable[[Path], object]:
    return lambda data: sql(data / "vault/vault.db", statement)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "an object is gone": (lambda data: objects(data)[0].unlink(), "object_missing"),
    "an object is cut": (lambda data: objects(data)[0].write_bytes(b"\x28"), "object_cut"),
    "a row of the index says another size": (
        index(
            "UPDATE blob SET plaintext_size = plaintext_size + 1 WHERE rowid = (SELECT min(rowid) FROM blob)"
        ),
        "blob_differs",
    ),
    "a row of the index says another key": (
        index("UPDATE blob SET commitment = zeroblob(32) WHERE rowid = (SELECT min(rowid) FROM blob)"),
        "blob_differs",
    ),
    "a row of the index is gone": (
        index("DELETE FROM blob WHERE rowid = (SELECT min(rowid) FROM blob)"),
        "blob_unpublished",
    ),
    "details were altered": (
        index("UPDATE details SET sealed = zeroblob(99) WHERE rowid = (SELECT min(rowid) FROM details)"),
        "row_differs",
    ),
    "details are gone": (
        index("DELETE FROM details WHERE rowid = (SELECT min(rowid) FROM details)"),
        "row_unpublished",
    ),
    "an instance reaches beyond its blob": (
        index("UPDATE instance SET length = length * 1000 WHERE part = 1"),
        "instance_astray",
    ),
    "a state was altered": (index("UPDATE document SET state = 'archived'"), "state_differs"),
    "a blob of the vault is gone": (
        vault("DELETE FROM blob WHERE rowid = (SELECT min(rowid) FROM blob)"),
        "blob_unknown",
    ),
    "a key of the vault was altered": (
        vault("UPDATE blob SET wrap = zeroblob(60) WHERE rowid = (SELECT min(rowid) FROM blob)"),
        "blob_closed",
    ),
    "a details key is gone": (vault("DELETE FROM wrapped_key WHERE use = 2"), "row_closed"),
    "a digest of the vault is gone": (vault("DELETE FROM document_row"), "row_unknown"),
    "a document of the vault is gone": (vault("DELETE FROM document"), "document_unknown"),
    "a document of the vault is of another study": (
        vault("UPDATE document SET study_token = zeroblob(32)"),
        "document_differs",
    ),
    "a blob of the vault is another document's": (
        vault("UPDATE blob_document SET document_id = zeroblob(16)"),
        "instance_of_another",
    ),
    "a document of the vault is in another state": (
        vault("UPDATE document SET state = 'archived'"),
        "log_broken",
    ),
    "an entry of the log is gone": (
        vault("DELETE FROM entry WHERE rowid = (SELECT min(rowid) FROM entry)"),
        "log_broken",
    ),
    "an event of the log is gone": (
        vault("DELETE FROM event WHERE rowid = (SELECT min(rowid) FROM event)"),
        "log_broken",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_named(damaged: Path, damage: str) -> None:
    harm, code = DAMAGES[damage]
    harm(damaged)
    answer = check(damaged)
    assert answer.status == 1
    assert code in answer.codes


@pytest.mark.requirement("R35")
def test_a_flipped_bit_is_found_by_reading_everything(damaged: Path) -> None:
    flip(objects(damaged)[1])
    assert check(damaged).codes == set()
    answer = check(damaged, scrub=True)
    assert answer.codes == {"object_altered"}
    (finding,) = answer.told["findings"]
    blob, version = objects(damaged)[1].parts[-2:]
    assert finding["where"] == f"{blob}/{version}"


def test_a_damage_in_one_place_is_one_finding(damaged: Path) -> None:
    objects(damaged)[0].unlink()
    answer = check(damaged, scrub=True)
    assert answer.told["counts"] == {"object_missing": 1}


def test_repair_copies_states_and_sweeps_and_touches_nothing_else(damaged: Path) -> None:
    sql(damaged / "index.db", "UPDATE document SET state = 'archived'")
    sql(damaged / "index.db", "INSERT INTO upload VALUES (zeroblob(16), 1, 1, 0)")
    lost = objects(damaged)[0]
    content = lost.read_bytes()
    lost.unlink()
    before = check(damaged)
    assert before.codes == {"state_differs", "upload_left", "object_missing"}
    after = command(damaged, "--repair")
    assert (after.status, after.told["counts"]) == (1, {"object_missing": 1})
    assert after.told["repaired"] == {"state_differs": 2, "upload_left": 1}
    lost.write_bytes(content)
    assert check(damaged, scrub=True).status == 0


def test_repair_says_what_it_will_do_before_and_after(damaged: Path) -> None:
    sql(damaged / "index.db", "UPDATE document SET state = 'archived'")
    done = run(damaged, "--repair")
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert told[0] == "Will copy the state from the vault: 2 × state_differs"
    assert "Done: 2 × state_differs" in told
    assert told[-1].startswith("Sound: ")


def test_pages_of_any_size_see_everything(filled: Path) -> None:
    with System(load(data=filled)) as system:
        inventory, inspector = system.index.inventory, system.guard.inspector
        whole = inventory.blobs(None)
        for size in (1, 2, 3):
            pages = every(lambda after, n=size: inventory.blobs(after, n), lambda blob: blob.key)
            assert [blob for page in pages for blob in page] == whole
            kept = every(
                lambda after, n=size: inspector.adopted_blobs(after, n),
                lambda blob: (blob.blob_id, blob.version),
            )
            assert [(b.blob_id, b.version) for page in kept for b in page] == [b.key for b in whole]
            rows = every(
                lambda after, n=size: inventory.instances(after, n), lambda i: (i.submission_id, i.part)
            )
            assert sum(len(page) for page in rows) == 6


def test_a_server_at_work_is_no_damage(fresh_coffre: Coffre) -> None:
    """Deposits run while the check runs, again and again."""
    patient = fresh_coffre.open_record()
    depositor = fresh_coffre.depositor()
    stop = threading.Event()
    refused: list[int] = []

    def deposit() -> None:
        seed = 100
        while not stop.is_set():
            seed += 1
            answer = fresh_coffre.stow(depositor, patient.ct(slices=1, seed=seed), patient.ins)
            if answer.status_code not in (200, 202):
                refused.append(answer.status_code)

    thread = threading.Thread(target=deposit)
    thread.start()
    try:
        for _ in range(3):
            answer = check(fresh_coffre.data, scrub=True)
            assert answer.told["counts"] == {}
    finally:
        stop.set()
        thread.join()
    assert refused == []
