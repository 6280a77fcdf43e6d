"""The commands as the documentation writes them, through the installed program: output, files, exit codes."""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

import coffre.wiring  # noqa: F401 - loaded once here, not in each child (`quick`)
from coffre import cli
from coffre.command_line.exits import MEANINGS, Exit
from coffre.demonstration import data as demo_data
from records.people.identity import INS_NIR_TEST

COFFRE = Path(sys.executable).with_name("coffre")
INS, DOCTOR = demo_data.PATIENT_INS, "899700024450"
DONE, REFUSED, MISUSED = 0, 1, 2
PERSON = ("--family-name", "X", "--given-name", "Y", "--birth-date", "1977-07-01", "--sex", "F")
TRAITS = (*PERSON, "--consent", "spoken")
COMMANDS = (
    "",
    "init",
    "serve",
    "record",
    "record open",
    "identity",
    "identity issue",
    "identity issue depositor",
    "identity issue professional",
    "identity issue patient",
    "send",
    "fetch",
    "audit",
    "audit verify",
    "status",
    "check",
    "backup",
    "restore",
    "migrate",
    "roles",
    "worker",
    "housekeeper",
    "vault",
    "vault serve",
    "vault replay",
    "vault accept-gap",
    "demo",
)
ENGINES = (
    "alembic", "boto3", "celery", "fastapi", "minio", "numpy", "pikepdf", "psycopg", "pydicom", "sqlalchemy"
)  # fmt: skip
"""What reads files, serves or keeps tables and objects, and takes from a tenth of a second to a whole one."""
SLOW = frozenset({*ENGINES, "cryptography", "nacl", "httpx", "uvicorn"})
"""With ciphers and what talks over HTTP."""
QUICK = (
    "status", "send", "fetch", "check", "backup", "restore", "serve", "worker", "audit verify", "vault status"
)  # fmt: skip
ON_DATA = (
    "status",
    "check",
    "compact",
    "renditions",
    "serve",
    "worker",
    "housekeeper",
    "migrate",
    "audit verify",
    "vault status",
    "vault serve",
    "quarantine list",
    "backup --to {folder}/copy",
    "identity issue operator --name Roche --out {folder}/token",
)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object, status: int, cwd: Path | None = None, **environment: str) -> Done:
    """Runs a command, expects its exit code, and never a traceback."""
    done = subprocess.run(
        [COFFRE, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=120,
        env={**os.environ, **environment},
    )
    return _checked(Done(done.returncode, done.stdout, done.stderr), arguments, status)


def quick(*arguments: object, status: int, powerless: bool = False, **environment: str) -> Done:
    """The same entry point in a child forked from here, where everything is imported already."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if child == 0:
            if powerless:
                _drop_capabilities()
            _become_the_command(arguments, out.fileno(), err.fileno(), environment)
        _, ended = os.waitpid(child, 0)
        texts = [(file.seek(0), file.read())[1] for file in (out, err)]
    return _checked(Done(os.waitstatus_to_exitcode(ended), *texts), arguments, status)


def _drop_capabilities() -> None:
    """Without them the superuser, too, is bound by the modes of files (capabilities(7))."""
    version_3, everything_off = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None).capset(version_3, everything_off) != 0:
        os._exit(71)


def _become_the_command(
    arguments: tuple[object, ...], out: int, err: int, environment: dict[str, str]
) -> NoReturn:
    code = 70  # whatever goes wrong here must not go on as a second pytest
    try:
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        os.environ.update(environment)
        sys.argv = ["coffre", *map(str, arguments)]
        cli.main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def loaded(*arguments: str, status: int = DONE, said: str = "", **environment: str) -> set[str]:
    """The packages that a command imported until it ended, having said this of what went wrong."""
    python = [sys.executable, "-X", "importtime", COFFRE, *arguments]
    environ = {**os.environ, **environment}
    done = subprocess.run(python, capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == status, done.stderr
    lines = done.stderr.splitlines(keepends=True)
    imports = [line for line in lines if line.startswith("import time:")]
    assert not said or said == "".join(line for line in lines if line not in imports)
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in imports}


def _checked(done: Done, arguments: tuple[object, ...], status: int) -> Done:
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode == status, (arguments, done.stdout, done.stderr)
    return done


def run_json(*arguments: object, cwd: Path | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json", status=DONE, cwd=cwd).stdout)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served:
    """`coffre serve` in a process of its own."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [COFFRE, "serve", "--data", data, "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=40)
        return self.process.returncode


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that nobody serves; tests copy it."""
    data = tmp_path_factory.mktemp("made") / "D"
    quick("init", "--data", data, status=DONE)
    return data


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "D"))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Everything a newcomer types, in order, up to a deposit."""
    folder = tmp_path_factory.mktemp("story")
    data = folder / "D"
    run("init", "--data", data, status=DONE)
    served = Served(data)
    opened = run_json("record", "open", INS, *TRAITS, "--data", data)
    doctor = ("--rpps", DOCTOR, "--profession", "10", "--structure", "1750000002")
    at = ("--data", data)
    identities = {
        "depositor": run_json("identity", "issue", "depositor", "--structure", "1750000001", *at, cwd=folder),
        "professional": run_json("identity", "issue", "professional", *doctor, *at, cwd=folder),
        "patient": run_json("identity", "issue", "patient", "--ins", INS, *at, cwd=folder),
    }
    tokens = folder / "tokens"
    tokens.mkdir()
    for role, issued in identities.items():
        (tokens / role).write_text(issued["token"])
    files = folder / "laboratory"
    files.mkdir()
    for name, content in demo_data.ct_study(INS, INS_NIR_TEST, slices=3, size=32):
        (files / name).write_bytes(content)
    (files / "compte-rendu.pdf").write_bytes(demo_data.report_pdf())
    yield {
        "folder": folder,
        "data": data,
        "served": served,
        "opened": opened,
        "identities": identities,
        "tokens": tokens,
        "files": files,
    }
    assert served.end() == DONE


class TestStory:
    def test_serve_says_when_it_is_ready(self, story: dict[str, Any]) -> None:
        assert story["served"].first_line.startswith("ready")
        assert httpx.get(story["served"].url + "/health/ready").status_code == 200

    def test_a_record_has_a_public_id(self, story: dict[str, Any]) -> None:
        assert len(story["opened"]["record"]) == 36

    @pytest.mark.parametrize("role", ["depositor", "professional", "patient"])
    def test_an_identity_is_a_token_a_certificate_and_a_key_for_its_owner_alone(
        self, story: dict[str, Any], role: str
    ) -> None:
        issued = story["identities"][role]
        assert issued["token"].count(".") == 2
        assert 0 < issued["expires"] - time.time() <= 12 * 3600
        out = story["folder"] / "coffre-identities"
        assert stat.S_IMODE(out.stat().st_mode) == 0o700
        for kind in ("certificate", "key"):
            path = story["folder"] / issued[kind]
            assert path.parent == out
            assert path.read_text().startswith("-----BEGIN")
        for path in out.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_send_and_fetch_bring_back_the_same_bytes(self, story: dict[str, Any], tmp_path: Path) -> None:
        at = ("--to", story["served"].url, "--token-file", story["tokens"] / "depositor")
        sent = run_json("send", story["files"], "--record", INS, *at)
        assert {file["outcome"] for file in sent["files"]} <= {"published", "duplicate"}
        assert len(sent["files"]) == 4
        place = ("--from", story["served"].url, "--token-file", story["tokens"] / "patient")
        fetched = run_json("fetch", "--record", INS, *place, "--out", tmp_path)
        contents = {Path(file["path"]).read_bytes() for file in fetched["files"]}
        assert contents == {path.read_bytes() for path in story["files"].iterdir()}

    def test_fetch_without_right_exits_1(self, story: dict[str, Any], tmp_path: Path) -> None:
        place = ("--from", story["served"].url, "--token-file", story["tokens"] / "professional")
        done = run("fetch", "--record", INS, *place, "--out", tmp_path, status=REFUSED)
        assert "not_authorised" in done.stderr
        assert INS not in done.stderr

    def test_fetch_of_what_is_not_there_exits_1(self, story: dict[str, Any], tmp_path: Path) -> None:
        place = ("--from", story["served"].url, "--token-file", story["tokens"] / "patient")
        for more in (("--study", "1.2.3"), ("--document", "00000000-0000-4000-8000-000000000000")):
            quick("fetch", "--record", INS, *place, "--out", tmp_path, *more, status=REFUSED)

    def test_audit_and_status_answer_beside_a_running_server(self, story: dict[str, Any]) -> None:
        report = run_json("audit", "verify", "--data", story["data"])
        assert report["size"] + report["pending"] > 0
        text = run("audit", "verify", "--data", story["data"], status=DONE).stdout
        assert "entries" in text
        found = run_json("status", "--data", story["data"])
        assert found["environment"] == "demo"
        assert set(found["submissions"]) >= {"received", "published", "rejected", "quarantined"}

    def test_the_same_record_twice_is_refused(self, story: dict[str, Any]) -> None:
        done = quick("record", "open", INS, *TRAITS, "--data", story["data"], status=REFUSED)
        assert done.stderr.startswith("record_exists: ")

    def test_identities_never_enter_the_data_directory(self, story: dict[str, Any]) -> None:
        issue = ("identity", "issue", "depositor", "--structure", "1750000001", "--data", story["data"])
        for out in (story["data"], story["data"] / "x", story["data"] / ".." / "D" / "y"):
            done = quick(*issue, "--out", out, status=MISUSED)
            assert done.stderr.startswith("bad_out: ")
            assert not (story["data"] / "x").exists()

    def test_nothing_secret_stands_in_the_data_directory_for_others(self, story: dict[str, Any]) -> None:
        for path in (story["data"], story["data"] / "vault", story["data"] / "authority"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path


class TestServe:
    @pytest.mark.usefixtures("interruptible")
    def test_it_starts_again_on_what_a_killed_one_left_and_a_signal_ends_it_with_exit_0(
        self, copied: Path
    ) -> None:
        """SIGINT here; SIGTERM ends the server of `story`."""
        served = Served(copied)
        assert served.first_line.startswith("ready")
        served.end(signal.SIGKILL)
        again = Served(copied)
        assert again.first_line.startswith("ready")
        assert again.end(signal.SIGINT) == DONE
        quick("audit", "verify", "--data", copied, status=DONE)

    def test_a_taken_port_is_told(self, copied: Path) -> None:
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            done = quick("serve", "--data", copied, "--port", port, status=REFUSED)
        assert done.stderr.startswith("port_taken: ")
        assert "ready" not in done.stdout

    def test_it_listens_on_the_loopback_alone(self, story: dict[str, Any]) -> None:
        hexadecimal = f"{story['served'].port:04X}"
        lines = Path("/proc/net/tcp").read_text().splitlines()
        lines += Path("/proc/net/tcp6").read_text().splitlines()
        listening = [line.split()[1] for line in lines if line.split()[3] == "0A"]
        assert [place for place in listening if place.endswith(f":{hexadecimal}")] == [
            f"0100007F:{hexadecimal}"
        ]


class TestHelp:
    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_explains_itself(self, command: str) -> None:
        done = quick(*command.split(), "--help", status=DONE)
        assert "Usage: " in done.stdout
        assert "--help" in done.stdout

    def test_the_installed_program_is_called_coffre(self) -> None:
        assert "Usage: coffre" in run("--help", status=DONE).stdout

    def test_the_program_says_its_version(self) -> None:
        assert run("--version", status=DONE).stdout == f"coffre {version('coffre')}\n"

    @pytest.mark.parametrize(
        ("command", "default"),
        [
            ("status", "COFFRE_DATA or .data"),
            ("demo", "a new one; .data with --serve"),
            ("backup", "TO/vault"),
            ("restore", "FROM/vault"),
            ("compact", "in demo and test, made here"),
            ("quarantine release", "the proposal waits a day"),
        ],
    )
    def test_help_names_the_default_of_an_option(self, command: str, default: str) -> None:
        assert f"[default: {default}]" in quick(*command.split(), "--help", status=DONE, COLUMNS="200").stdout

    def test_facts_are_words_for_a_person(self, made: Path) -> None:
        told = quick("status", "--data", made, status=DONE).stdout.splitlines()
        assert {"root_rotation_running: no", "log_shipped: none", "queue: waiting 0, oldest_s none"} <= set(
            told
        )
        assert told[-1] == "processes: none, nobody serves this directory"
        assert any(line.startswith("submissions: received 0, validating 0, ") for line in told)

    @pytest.mark.parametrize("name", cli.Commands.table)
    def test_the_list_says_of_a_command_what_it_says_of_itself(self, name: str) -> None:
        later = cli.Commands.table[name]
        assert (later.load(name).help or "").splitlines()[0] == later.line

    def test_the_list_of_commands_waits_for_no_engine(self) -> None:
        assert loaded("--help") & {*ENGINES, "pydantic", "httpx", "cryptography"} == set()

    @pytest.mark.parametrize("command", QUICK)
    def test_help_waits_for_no_engine(self, command: str) -> None:
        assert loaded(*command.split(), "--help") & {*ENGINES} == set()

    @pytest.mark.parametrize("command", ON_DATA)
    def test_where_there_is_no_coffre_the_sentence_waits_for_no_engine(
        self, command: str, tmp_path: Path
    ) -> None:
        nowhere = tmp_path / "nowhere"
        sentence = f"not_initialised: There is no Coffre in {nowhere}: run coffre init --data {nowhere}.\n"
        words = [*command.format(folder=tmp_path).split(), "--data", str(nowhere)]
        found = loaded(*words, status=REFUSED, said=sentence)
        assert found & {*ENGINES, "cryptography", "httpx"} == set()

    def test_status_loads_no_engine_no_cipher_and_nothing_that_prints(self, made: Path) -> None:
        assert loaded("status", "--data", str(made)) & SLOW == set()

    def test_the_version_waits_for_nothing(self) -> None:
        assert loaded("--version") & {*SLOW, "pydantic", "rich"} == set()

    @pytest.mark.parametrize("words", ["coffre va", "coffre vault re", "coffre status --"])
    def test_completion_waits_for_no_engine(self, words: str) -> None:
        asked = {
            "_COFFRE_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        assert loaded(**asked) & SLOW == set()

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_a_shell_completes_commands_and_options(self, shell: str) -> None:
        for words, wanted in (
            ("coffre va", "vault"),
            ("coffre vault re", "replay"),
            ("coffre init --", "--data"),
        ):
            asked = {"bash": {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}}.get(
                shell, {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
            )
            done = run(status=DONE, _COFFRE_COMPLETE=f"complete_{shell}", **asked)
            assert wanted in done.stdout

    @pytest.mark.parametrize("command", ["", "record", "identity", "identity issue", "audit", "vault"])
    def test_a_group_without_a_command_shows_what_there_is(self, command: str) -> None:
        done = quick(*command.split(), status=MISUSED)
        assert "--help" in done.stdout + done.stderr


class TestMisuse:
    def test_a_withdrawal_names_a_reason_that_there_is(self, made: Path) -> None:
        named = ["--record", INS, "--study", "1.2.3", "--code", "999", "--all", "--dry-run", "--data", made]
        assert "113001, 113037, 113038, 113039" in quick("withdraw", *named, status=MISUSED).stderr

    @pytest.mark.parametrize(
        "command",
        [
            ["status"],
            ["serve", "--port", "18999"],
            ["audit", "verify"],
            ["record", "open", INS, *TRAITS],
            ["identity", "issue", "depositor", "--structure", "1750000001"],
            ["identity", "issue", "patient", "--ins", INS],
        ],
        ids=lambda command: " ".join(command[:2]),
    )
    def test_without_a_data_directory_it_says_what_to_run(self, command: list[str], tmp_path: Path) -> None:
        half = tmp_path / "half"
        half.mkdir()
        (half / "index.db").write_bytes(b"")
        file = tmp_path / "file"
        file.write_text("x")
        for data in (tmp_path / "nowhere", half, file, file / "below"):
            done = quick(*command, "--data", data, status=REFUSED)
            assert done.stderr.startswith("not_initialised: "), done.stderr
            assert "coffre init" in done.stderr
        assert not (tmp_path / "nowhere").exists()
        assert sorted(path.name for path in half.iterdir()) == ["index.db"]

    def test_init_takes_no_directory_that_holds_something(self, made: Path, tmp_path: Path) -> None:
        (tmp_path / "half").mkdir()
        (tmp_path / "half" / "x").touch()
        (tmp_path / "file").touch()
        for data, code in (
            (made, "already_initialised"),
            (tmp_path / "half", "half_initialised"),
            (tmp_path / "file", "no_access"),
            (tmp_path / "file" / "below", "no_access"),
            (Path("/proc/nowhere"), "no_access"),
        ):
            done = quick("init", "--data", data, status=REFUSED)
            assert done.stderr.startswith(code + ": "), done.stderr

    def test_a_directory_that_may_not_be_written_is_told(self, copied: Path) -> None:
        for path in [*copied.rglob("*"), copied]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            for command in (
                ["init", "--data", copied / "new"],
                ["record", "open", INS, *TRAITS, "--data", copied],
                ["identity", "issue", "patient", "--ins", INS, "--data", copied],
            ):
                done = quick(*command, status=REFUSED, powerless=True)
                assert done.stderr.startswith(("no_access: ", "store_")), done.stderr
        finally:
            for path in [copied, *copied.rglob("*")]:
                path.chmod(0o700)

    @pytest.mark.parametrize(
        ("changed", "value"),
        [
            ("--birth-date", "1977-13-01"),
            ("--birth-date", "01/07/1977"),
            ("--birth-date", "1977-02-30"),
            ("--birth-date", ""),
            ("--sex", "Z"),
            ("--sex", "female"),
            ("--family-name", "  "),
            ("--given-name", ""),
        ],
    )
    def test_traits_that_are_none_are_misuse(self, made: Path, changed: str, value: str) -> None:
        traits = dict(zip(TRAITS[::2], TRAITS[1::2], strict=True)) | {changed: value}
        given = [word for pair in traits.items() for word in pair]
        quick("record", "open", INS, *given, "--data", made, status=MISUSED)

    def test_consent_is_said_and_never_assumed(self, made: Path) -> None:
        """Nobody sits at a terminal here: the command does not ask, and opens nothing."""
        done = quick("record", "open", INS, *PERSON, "--data", made, status=MISUSED)
        assert "consent_missing" in done.stderr and "--consent spoken|written|online" in done.stderr
        for how in ("", "orally", "given orally, noted by the operator"):
            quick("record", "open", INS, *PERSON, "--consent", how, "--data", made, status=MISUSED)

    @pytest.mark.parametrize(
        "number", ["89970002", "10100123456", "99700024450", "089970002445", "8997000244500"]
    )
    def test_a_professional_has_one_form_of_number(self, made: Path, tmp_path: Path, number: str) -> None:
        asked = ["identity", "issue", "professional", "--rpps", number, "--profession", "10"]
        place = ["--structure", "1750000002", "--data", made, "--out", tmp_path]
        done = quick(*asked, *place, status=MISUSED)
        assert "bad_rpps" in done.stderr and "8 followed by the 11 digits" in " ".join(done.stderr.split())
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("ins", ["", "123", "277079999900168", "2770799999001671", "A" * 15])
    def test_an_ins_that_is_none_is_misuse_everywhere(self, made: Path, tmp_path: Path, ins: str) -> None:
        server = ("http://127.0.0.1:1", "--token-file", tmp_path / "token")
        file = tmp_path / "a.pdf"
        file.write_bytes(b"%PDF-1.4")
        for command in (
            ["record", "open", ins, *TRAITS, "--data", made],
            ["identity", "issue", "patient", "--ins", ins, "--data", made, "--out", tmp_path],
            ["send", file, "--record", ins, "--to", *server],
            ["fetch", "--record", ins, "--from", *server, "--out", tmp_path],
        ):
            done = quick(*command, status=MISUSED)
            assert "bad_ins" in done.stderr
            assert "277079" not in done.stderr

    @pytest.mark.parametrize(
        "claims",
        [
            ["depositor", "--structure", "x"],
            ["depositor", "--structure", ""],
            ["professional", "--rpps", "abc", "--profession", "10", "--structure", "1750000002"],
            ["professional", "--rpps", DOCTOR, "--profession", "1 0", "--structure", "1750000002"],
            ["professional", "--rpps", DOCTOR, "--profession", "10", "--structure", "?"],
            ["professional", "--rpps", DOCTOR],
            ["operator"],
        ],
        ids=" ".join,
    )
    def test_an_identity_that_is_none_is_not_issued(
        self, made: Path, tmp_path: Path, claims: list[str]
    ) -> None:
        quick("identity", "issue", *claims, "--data", made, "--out", tmp_path / "out", status=MISUSED)
        assert not list(tmp_path.rglob("*.token"))

    def test_an_output_folder_that_is_a_file_is_told(self, made: Path, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.touch()
        issue = ("identity", "issue", "depositor", "--structure", "1750000001", "--data", made)
        done = quick(*issue, "--out", file, status=REFUSED)
        assert done.stderr.startswith("no_access: ")

    def test_a_path_with_brackets_is_shown_as_it_is(self, tmp_path: Path) -> None:
        for name in ("[red]", "[/red]", "[bold", "a]b"):
            data = tmp_path / name
            assert str(data) in quick("status", "--data", data, status=REFUSED).stderr

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("COFFRE_ENVIRONMENT", "production"),
            ("COFFRE_ENVIRONMENT", "nowhere"),
            ("COFFRE_WORKERS", "many"),
            ("COFFRE_PUBLIC_URL", "coffre.example/path"),
            ("COFFRE_OBJECTS_URL", "ftp://x"),
            ("COFFRE_IDENTITY_CHECK", "perhaps"),
        ],
    )
    def test_a_setting_that_is_none_is_named(self, tmp_path: Path, name: str, value: str) -> None:
        done = quick("init", "--data", tmp_path / "D", status=MISUSED, **{name: value})
        assert name in done.stderr
        assert not (tmp_path / "D").exists()

    def test_a_token_file_that_holds_none_is_misuse(self, tmp_path: Path) -> None:
        file = tmp_path / "a.pdf"
        file.write_bytes(b"%PDF-1.4")
        (tmp_path / "empty").touch()
        (tmp_path / "binary").write_bytes(os.urandom(200))
        for token in ("empty", "binary", "absent", "."):
            server = ("http://127.0.0.1:1", "--token-file", tmp_path / token)
            quick("send", file, "--record", INS, "--to", *server, status=MISUSED)
            quick("fetch", "--record", INS, "--from", *server, "--out", tmp_path / "o", status=MISUSED)

    def test_unknown_commands_and_options_are_misuse(self, made: Path) -> None:
        for command in (["nothing"], ["status", "--nothing"], ["serve", "--port", "0"], ["record", "close"]):
            quick(*command, status=MISUSED)


class TestWhatErrorsName:
    """The path, the option, the variable that they speak of; 2 for misuse, 1 for a refusal."""

    @pytest.mark.parametrize("command", ["status", "migrate", "check", "vault status", "audit verify"])
    def test_a_data_directory_that_is_not_there(self, tmp_path: Path, command: str) -> None:
        done = quick(*command.split(), "--data", tmp_path / "no", status=REFUSED)
        assert done.stderr.startswith(f"not_initialised: There is no Coffre in {tmp_path / 'no'}: ")

    @pytest.mark.parametrize(
        ("command", "status", "named"),
        [
            ("send {no} --record INS --to http://127.0.0.1:1 --token-file {token}", MISUSED, "{no}"),
            ("send {file} --record INS --to http://127.0.0.1:1 --token-file {no}", MISUSED, "{no}"),
            ("send {file} --record INS --to http://127.0.0.1:1 --token-file {file}", MISUSED, "{file}"),
            ("send {file} --record INS --to nonsense --token-file {token}", MISUSED, "--to"),
            ("send {file} --record INS --to http://[ --token-file {token}", MISUSED, "--to"),
            ("send {pdf} --record INS --to http://127.0.0.1:1/ --token-file {token}", REFUSED, "127.0.0.1:1"),
            ("fetch --record INS --from x --out {no} --token-file {token}", MISUSED, "--from"),
            (
                "fetch --record INS --from http://127.0.0.1:1 --out o --token-file {token} --key-file {no}",
                *(MISUSED, "{no}"),
            ),
            ("record open INS --operator {no}", MISUSED, "{no}"),
            ("quarantine list --operator {file}", MISUSED, "{file}"),
            ("withdraw --record INS --study 1 --code 113001 --all --token-file {no}", MISUSED, "{no}"),
            ("vault rotate-root --to nope:x --dry-run", MISUSED, "COFFRE_VAULT_ROOT"),
            ("vault rotate-shards --yes --operator {token} --second-operator {no}", MISUSED, "{no}"),
            ("audit verify --checkpoint {no}", REFUSED, "{no}"),
            ("audit verify --checkpoint {file}", MISUSED, "{file}"),
            ("restore --from {no}", REFUSED, "{no}"),
            ("backup --to {file}", REFUSED, "{file}"),
            ("roles", MISUSED, "COFFRE_INDEX_URL"),
            ("vault serve", MISUSED, "COFFRE_VAULT_URL"),
            ("demo", REFUSED, "{data}"),
            ("identity issue patient --ins INS --link nonsense", MISUSED, "--link"),
        ],
    )
    def test_what_was_typed(
        self, copied: Path, tmp_path: Path, command: str, status: int, named: str
    ) -> None:
        places = {"no": tmp_path / "nowhere", "data": copied}
        for name, content in (("file", b"x"), ("pdf", b"%PDF-1.4"), ("token", b"a.b.cccccccccccccccc")):
            places[name] = tmp_path / name
            places[name].write_bytes(content)
        words = [word.format_map(places).replace("INS", INS) for word in command.split()]
        if words[:2] == ["record", "open"]:
            words += TRAITS
        if words[0] not in ("send", "fetch"):
            words += ["--data", str(tmp_path / "new" if words[0] == "restore" else copied)]
        assert named.format_map(places) in quick(*words, status=status).stderr

    @pytest.mark.parametrize("command", ["status", "audit verify", "check", "migrate", "vault status"])
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("COFFRE_WORKERS", "many"),
            ("COFFRE_LEASE_S", "1"),
            ("COFFRE_REQUIRE_POSSESSION", "perhaps"),
            ("COFFRE_INDEX_URL", "nonsense"),
            ("COFFRE_OBJECTS_URL", "ftp://x"),
            ("COFFRE_SECOND_PLACE_URL", "nonsense"),
            ("COFFRE_OBJECTS_PUBLIC_URL", "nonsense"),
            ("COFFRE_PUBLIC_URL", "http://["),
            ("COFFRE_VAULT_PEERS", "reader"),
            ("COFFRE_OPERATOR_ADDRESS", "127.0.0.1:70000"),
            ("COFFRE_S3_ACCESS_KEY_ID", "secret-value"),
        ],
    )
    def test_what_was_set(self, made: Path, command: str, name: str, value: str) -> None:
        done = quick(*command.split(), "--data", made, status=MISUSED, **{name: value})
        assert done.stderr.startswith("bad_setting: ") and name in done.stderr
        assert "secret-value" not in done.stderr and "value error" not in done.stderr

    def test_a_root_that_is_not_there_or_under_a_passphrase(self, copied: Path) -> None:
        root = copied / "vault" / "root"
        root.chmod(0o644)
        assert str(root) in quick("audit", "verify", "--data", copied, status=REFUSED).stderr
        root.unlink()
        assert str(root) in quick("audit", "verify", "--data", copied, status=REFUSED).stderr

    def test_production_names_all_that_init_lacks_at_once(self, tmp_path: Path) -> None:
        done = quick("init", "--data", tmp_path / "D", "--environment", "production", status=MISUSED)
        assert done.stderr.startswith("not_for_production: ")
        assert set(re.findall(r"COFFRE_[A-Z_]+", done.stderr)) == {
            *("COFFRE_ENVIRONMENT", "COFFRE_VAULT_URL", "COFFRE_PUBLIC_URL", "COFFRE_AUTHORITY_PUBLIC"),
            *("COFFRE_AUTHORITY_ISSUER", "COFFRE_OPERATORS", "COFFRE_VAULT_ROOT", "COFFRE_VAULT_PASSPHRASE"),
        }
        wrong = {"COFFRE_PUBLIC_URL": "x", "COFFRE_S3_ACCESS_KEY_ID": "y", "COFFRE_VAULT_PEERS": "z"}
        done = quick("init", "--data", tmp_path / "D", "--environment", "production", status=MISUSED, **wrong)
        assert done.stderr.startswith("bad_setting: ")
        assert all(name in done.stderr for name in (*wrong, "COFFRE_VAULT_PASSPHRASE"))

    def test_an_authority_s_file_that_cannot_be_read(self, tmp_path: Path) -> None:
        key = tmp_path / "authority.pem"
        settings = {
            "COFFRE_ENVIRONMENT": "production",
            "COFFRE_VAULT_URL": "unix:///run/coffre",
            "COFFRE_PUBLIC_URL": "https://coffre.example/",
            "COFFRE_AUTHORITY_PUBLIC": str(key),
            "COFFRE_AUTHORITY_ISSUER": "x",
            "COFFRE_VAULT_PASSPHRASE": "cheval correct pile agrafe",
        }
        for content in (None, b"no key"):
            if content is not None:
                key.write_bytes(content)
            done = quick("init", "--data", tmp_path / "D", status=MISUSED, **settings)
            assert "COFFRE_AUTHORITY_PUBLIC" in done.stderr and str(key) in done.stderr
        assert not (tmp_path / "D").exists()

    def test_a_fault_of_ours_is_one_line_without_what_was_handled(
        self, made: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing(*_: object, **__: object) -> NoReturn:
            raise ValueError("1 80 07 75 123 456 12")

        monkeypatch.setattr("coffre.command_line.opening.settings_of", failing)
        done = quick("status", "--data", made, status=REFUSED)
        assert done.stderr.startswith("internal: ") and "ValueError" in done.stderr
        assert "123 456" not in done.stderr and done.stderr.count("\n") == 1


class TestWhatAsksFirst:
    def test_a_gap_is_accepted_only_by_who_says_so(self, made: Path) -> None:
        gap = ("vault", "accept-gap", "--reason", "no newer backup is left", "--data", made)
        asked = quick(*gap, status=REFUSED)
        assert "for good?" in asked.stderr
        assert quick(*gap, "--yes", status=REFUSED).stderr.startswith("not_frozen: ")


def test_an_issued_identity_is_shown_by_its_files_and_its_token_in_json_alone(
    made: Path, tmp_path: Path
) -> None:
    issue = ("identity", "issue", "depositor", "--structure", "1750000001", "--data", made, "--out", tmp_path)
    told = quick(*issue, status=DONE).stdout
    token = (tmp_path / "depositor-1750000001.token").read_text().strip()
    assert token not in told
    assert f"token_file: {tmp_path / 'depositor-1750000001.token'}" in told
    issued = json.loads(quick(*issue, "--json", status=DONE).stdout)
    assert issued["token"] == (tmp_path / "depositor-1750000001.token").read_text().strip()


def test_every_exit_code_of_the_program_stands_in_one_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "problems.md").read_text("utf-8")
    table = page.partition("## Exit codes")[2]
    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(each.value) for each in Exit]
    assert MEANINGS.keys() == set(Exit)


class TestDamage:
    def test_a_damaged_or_missing_store_is_told_and_left_alone(self, copied: Path) -> None:
        vault = copied / "vault" / "vault.db"
        for path in vault.parent.glob("vault.db-*"):
            path.unlink()
        vault.write_bytes(b"garbage" * 1000)
        done = quick("audit", "verify", "--data", copied, status=REFUSED)
        assert done.stderr.startswith("store_corrupt: ")
        assert vault.read_bytes() == b"garbage" * 1000

    def test_a_missing_root_is_told(self, copied: Path) -> None:
        (copied / "vault" / "root").unlink()
        done = quick("audit", "verify", "--data", copied, status=REFUSED)
        assert done.stderr.startswith("root_file_missing: ")

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b"\xff\xfe", b"[]", b"null", b"{}", b'{"environment": "demo"}'],
        ids=["empty", "cut", "no-text", "list", "null", "nothing", "half"],
    )
    def test_a_damaged_file_of_public_facts_is_told(self, copied: Path, content: bytes) -> None:
        (copied / "coffre").write_bytes(content)
        for command in (["status"], ["audit", "verify"], ["serve", "--port", free_port()]):
            done = quick(*command, "--data", copied, status=REFUSED)
            assert done.stderr.startswith("identity_damaged: ")

    @pytest.mark.parametrize(
        ("name", "value"),
        [("environment", "x"), ("authority_public", "00"), ("grant_public", "zz"), ("origin", None)],
    )
    def test_a_damaged_public_fact_is_told(self, copied: Path, name: str, value: str | None) -> None:
        facts = json.loads((copied / "coffre").read_text()) | {name: value}
        (copied / "coffre").write_text(json.dumps({each: fact for each, fact in facts.items() if fact}))
        for command in (["status"], ["backup", "--to", copied.with_name("B")]):
            done = quick(*command, "--data", copied, status=REFUSED)
            assert done.stderr.startswith("identity_damaged: ")

    def test_a_missing_authority_key_is_told(self, copied: Path, tmp_path: Path) -> None:
        (copied / "authority" / "signing.key").unlink()
        issue = ("identity", "issue", "depositor", "--structure", "1750000001", "--data", copied)
        done = quick(*issue, "--out", tmp_path / "out", status=REFUSED)
        assert done.stderr.startswith("key_file_missing: ")

    def test_an_entry_changed_in_the_log_is_named(self, copied: Path) -> None:
        import sqlite3

        quick("record", "open", INS, *TRAITS, "--data", copied, status=DONE)
        connection = sqlite3.connect(copied / "vault" / "vault.db")
        leaf, entry = connection.execute("select leaf_hash, entry from entry limit 1").fetchone()
        connection.execute(
            "update entry set entry = ? where leaf_hash = ?", (entry.replace(b"permit", b"denied"), leaf)
        )
        connection.commit()
        connection.close()
        done = quick("audit", "verify", "--data", copied, status=REFUSED)
        assert done.stderr.strip()
        assert done.stdout == ""


def test_a_root_with_a_passphrase_opens_with_it_alone(tmp_path: Path) -> None:
    data = tmp_path / "D"
    made = quick("init", "--data", data, status=DONE, COFFRE_VAULT_PASSPHRASE="cheval correct pile agrafe")
    assert "without a passphrase" not in made.stdout
    quick(
        "audit", "verify", "--data", data, status=DONE, COFFRE_VAULT_PASSPHRASE="cheval correct pile agrafe"
    )
    for wrong in ({}, {"COFFRE_VAULT_PASSPHRASE": "autre"}):
        done = quick("audit", "verify", "--data", data, status=REFUSED, **wrong)
        assert done.stderr.startswith("root_passphrase")


def test_init_warns_that_the_root_lies_open(tmp_path: Path) -> None:
    done = quick("init", "--data", tmp_path / "D", status=DONE)
    assert "without a passphrase" in done.stdout


def test_on_a_terminal_the_command_asks_how_consent_was_given(tmp_path: Path) -> None:
    quick("init", "--data", tmp_path / "D", status=DONE)
    ours, theirs = os.openpty()
    command = [COFFRE, "record", "open", INS, *PERSON, "--data", str(tmp_path / "D")]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as asked:
        os.close(theirs)
        os.write(ours, b"orally\nwritten\n")  # the first is no answer: it asks again
        out, err = asked.communicate(timeout=120)
    os.close(ours)
    assert asked.returncode == DONE and b"Record opened" in out
    assert err.count(b"How did the person give consent") == 2
    assert b"spoken, written, online" in err
