"""The commands misused, refused and on damaged data: exit codes, and a sentence that says what to do."""

import json
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from coffre.command_line.exits import MEANINGS, Exit
from tests.integration.commands import (
    COFFRE,
    DOCTOR,
    DONE,
    INS,
    MISUSED,
    PERSON,
    REFUSED,
    TRAITS,
    free_port,
    quick,
)


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
            path.chmod(0o555 if path.is_dir() else stat.S_IMODE(path.stat().st_mode) & ~0o222)
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
            ("send {pdf} --record INS --to http://127.0.0.1:1", MISUSED, "--certificate"),
            ("send {pdf} --record INS --to https://127.0.0.1:1 --certificate {file}", MISUSED, "{file}"),
            ("send {pdf} --record INS --to http://127.0.0.1:1 --certificate {file}", MISUSED, "https://"),
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
