"""The commands as the documentation writes them, through the installed program: output, files, exit codes."""

import signal
import socket
import stat
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

from coffre import cli
from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.commands import (
    COMMANDS,
    DOCTOR,
    DONE,
    ENGINES,
    INS,
    MISUSED,
    ON_DATA,
    QUICK,
    REFUSED,
    SLOW,
    TRAITS,
    Served,
    free_port,
    loaded,
    quick,
    run,
    run_json,
)


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

    def test_a_bad_table_of_practice_settings_is_told_before_anybody_comes(
        self, copied: Path, tmp_path: Path
    ) -> None:
        table = tmp_path / "settings.toml"
        table.write_text('SAMU = ["1750000008"]')
        done = quick(
            *("serve", "--data", copied, "--port", free_port()),
            status=MISUSED,
            COFFRE_PRACTICE_SETTINGS=str(table),
        )
        assert f"\nbad_practice_settings: {table}: " in done.stderr

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
