"""Rotations as operators type them: two people, a vault here or apart, killed and asked for again."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coffre.cli import app
from coffre.demo_authority.identities import Identities
from coffre.installation.install import initialise
from coffre.settings import load
from coffre.wiring import System
from keyvault.verbs.call import Call
from keyvault.verbs.reader.grants.reading import Disclosed, ResolvedRecord
from tests.integration.running import process
from tests.integration.support import TRAITS, new_ins

PEOPLE = 3
UNDER_THE_ROOT = 7 + 16


def coffre(*arguments: object, status: int = 0, **env: str) -> str:
    """What a command prints: its answer, or why it refuses."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], env=env)
    assert done.exit_code == status, done.output
    return done.stderr if status else done.stdout


class Installation:
    """A data directory with a few records."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "D"
        initialise(load(data=self.data))
        self.people = [new_ins() for _ in range(PEOPLE)]
        with System(load(data=self.data)) as system:
            call = Identities(system).operator()
            for ins in self.people:
                system.guard.operator.open_record(
                    call, ins, TRAITS, consent_by="operator", consent_how="spoken"
                )
        self.env: dict[str, str] = {}

    def token(self, name: str) -> Path:
        path = self.folder / f"{name}.token"
        with System(load(data=self.data)) as system:
            path.write_text(Identities(system).named_operator(name))
        return path

    def operators(self) -> tuple[object, ...]:
        return "--operator", self.token("first"), "--second-operator", self.token("second"), "--yes"

    def rotate(self, what: str, *arguments: object, status: int = 0) -> str:
        return coffre("vault", what, *arguments, "--data", self.data, status=status, **self.env)

    def serves(self, **env: str) -> None:
        """Everybody's record opens, and the log is sound."""
        settings = load(data=self.data, vault_root=env.get("COFFRE_VAULT_ROOT"))
        with System(settings) as system:
            for ins in self.people:
                call = Call(token=Identities(system).patient(ins))
                record = system.guard.reader.resolve(call, ins)
                assert isinstance(record, ResolvedRecord)
                assert isinstance(system.guard.reader.documents(call, record.record_id, []), Disclosed)
            system.guard.inspector.verify_log()


@pytest.fixture
def made(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


@contextmanager
def vault_apart(made: Installation) -> Iterator[None]:
    url = {"COFFRE_VAULT_URL": f"unix://{made.folder}/doors"}
    with process("vault", "serve", "--data", str(made.data), env=url):
        made.env = url
        yield
    made.env = {}


@pytest.mark.parametrize("apart", [False, True], ids=["in-process", "apart"])
def test_two_operators_rotate_everything(made: Installation, apart: bool) -> None:
    operators = made.operators()
    with vault_apart(made) if apart else nullcontext():
        shards = json.loads(made.rotate("rotate-shards", *operators, "--json"))
        assert shards == {"shards": 16, "begun": 16, "records": PEOPLE + 1}
        record = json.loads(made.rotate("rotate-record", made.people[0], *operators, "--json"))
        assert record["key_version"] == 2
        secret = json.loads(made.rotate("rotate-secrets", *operators, "--json"))
        assert secret["versions"] == {"accountability": 3, "system-chain": 3}
        status = json.loads(made.rotate("status", "--json"))
        assert (status["shards"], status["shards_retiring"], status["root_rotations"]) == (16, 0, 0)
        new = f"file:{made.folder}/new-root"
        told = made.rotate("rotate-root", "--to", new, *operators)
        assert f"COFFRE_VAULT_ROOT={new}" in told and "start every vault again" in told
        if apart:  # which goes on with the keys it opened
            assert json.loads(made.rotate("status", "--json"))["root_rotations"] == 1
    refused = coffre("vault", "status", "--data", made.data, status=1)
    assert refused.startswith("root_unwrap_failed: ") and "COFFRE_VAULT_ROOT" in refused
    made.serves(COFFRE_VAULT_ROOT=new)


class TestWhoMay:
    def test_the_same_person_twice_is_refused(self, made: Installation) -> None:
        for second in (made.token("first"), made.token("First")):
            refused = made.rotate(
                "rotate-shards",
                "--operator",
                made.token("first"),
                "--second-operator",
                second,
                "--yes",
                status=1,
            )
            assert refused.startswith("two_operators: ")

    def test_one_alone_is_misuse(self, made: Installation) -> None:
        for given in ((), ("--operator", made.token("first"))):
            for what in (
                ("rotate-shards",),
                ("rotate-record", made.people[0]),
                ("rotate-root", "--to", "file:x"),
            ):
                assert "--second-operator" in made.rotate(*what, *given, "--yes", status=2)
        assert not Path("x").exists()

    def test_a_doctor_is_no_operator(self, made: Installation) -> None:
        path = made.folder / "doctor.token"
        with System(load(data=made.data)) as system:
            path.write_text(Identities(system).professional("899700024450", "10", "1750000002"))
        refused = made.rotate(
            "rotate-shards", "--operator", path, "--second-operator", made.token("second"), "--yes", status=1
        )
        assert refused.startswith("role_not_entitled: ")

    def test_nothing_happens_without_an_answer(self, made: Installation) -> None:
        asked = made.operators()[:-1]
        made.rotate("rotate-shards", *asked, status=1)
        assert json.loads(made.rotate("status", "--json"))["shards_retiring"] == 0

    def test_a_dry_run_makes_and_changes_nothing(self, made: Installation) -> None:
        new = made.folder / "new-root"
        told = json.loads(made.rotate("rotate-root", "--to", f"file:{new}", "--dry-run", "--json"))
        assert (told["keys"], told["exists"], told["moved"]) == (UNDER_THE_ROOT, False, 0)
        assert json.loads(made.rotate("rotate-shards", "--dry-run", "--json"))["shards"] == 16
        assert not new.exists()
        made.serves()

    def test_a_record_that_is_none_is_told(self, made: Installation) -> None:
        refused = made.rotate("rotate-record", new_ins(), *made.operators(), status=1)
        assert refused.startswith("no_such_record: ")


KILLED = """
import os, signal, sys
from storage.vault_store.store import SqlVaultTransaction
left, update = [int(sys.argv.pop(1))], SqlVaultTransaction.update
def counted(self, *arguments, **more):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return update(self, *arguments, **more)
SqlVaultTransaction.update = counted
from coffre.cli import main
main()
"""


def killed(made: Installation, after: int, *arguments: object) -> bool:
    """Whether the command died by kill -9, which falls on it after so many changed rows."""
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(after),
        "vault",
        *map(str, arguments),
        "--data",
        str(made.data),
    ]
    return subprocess.run(command, check=False, capture_output=True).returncode == -signal.SIGKILL


@pytest.mark.parametrize("after", [0, 5, 22])
def test_a_root_s_rotation_that_was_killed_is_asked_for_again(made: Installation, after: int) -> None:
    new = f"file:{made.folder}/new-root"
    operators = made.operators()
    assert killed(made, after, "rotate-root", "--to", new, *operators)
    told = json.loads(made.rotate("rotate-root", "--to", new, *operators, "--json"))
    assert told["unfinished"] is (after > 0)  # else it fell on the announcement
    assert told["moved"] + told["moved_before"] == UNDER_THE_ROOT
    made.serves(COFFRE_VAULT_ROOT=new)


@pytest.mark.parametrize("after", [1, 22])
def test_a_shards_rotation_that_was_killed_is_asked_for_again(made: Installation, after: int) -> None:
    operators = made.operators()
    assert killed(made, after, "rotate-shards", *operators)
    made.serves()  # with both versions, or as before
    made.rotate("rotate-shards", *operators)
    status = json.loads(made.rotate("status", "--json"))
    assert (status["shards"], status["shards_retiring"]) == (16, 0)
    made.serves()


def test_a_vault_killed_in_the_middle_goes_on_when_it_is_back(made: Installation) -> None:
    operators = made.operators()
    url = {"COFFRE_VAULT_URL": f"unix://{made.folder}/doors"}
    with process("vault", "serve", "--data", str(made.data), env=url) as vault:
        made.env = url
        with System(load(data=made.data, vault_url=url["COFFRE_VAULT_URL"])) as system:
            calls = [Call(token=Path(str(operators[at])).read_text()) for at in (1, 3)]
            system.guard.operator.begin_shards(calls)
            system.guard.operator.move_records()
        vault.kill()
        vault.wait()
        assert made.rotate("rotate-shards", *operators, status=1).startswith("vault_unavailable: ")
    with process("vault", "serve", "--data", str(made.data), env=url):
        assert json.loads(made.rotate("rotate-shards", *operators, "--json"))["begun"] == 0
    made.env = {}
    made.serves()
