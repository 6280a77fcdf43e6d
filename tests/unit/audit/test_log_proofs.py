"""Proofs of the log, true and false, as each who checks them judges: the verifier, the page's modules, a
stranger's program, the command line. One file of vectors for all (tests/vectors/log-proofs.json).
"""

import importlib.util
import json
import subprocess
import sys
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit import tree
from audit.checkpoint import parse_and_verify
from audit.line_proof import check_line, check_line_proof
from audit.proof import parse_proof, split_proofs
from coffre.cli import app
from records.errors import CoffreError
from records.text.base64url import unb64
from tests.opener import node

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
GOLDEN = json.loads((VECTORS / "log-proofs.json").read_text())
STRANGER = Path(__file__).parent / "stranger.py"
Case = dict[str, Any]


def hashes(case: Case) -> list[bytes]:
    return [b64decode(each) for each in case["hashes"]]


def inclusion(case: Case) -> None:
    at, size = case["index"], case["size"]
    tree.verify_inclusion(at, size, b64decode(case["leaf"]), b64decode(case["root"]), hashes(case))


def consistency(case: Case) -> None:
    before, after = b64decode(case["old_root"]), b64decode(case["new_root"])
    tree.verify_consistency(case["old"], before, case["new"], after, hashes(case))


def checkpoints(case: Case) -> None:
    parse_and_verify(case["note"], case["origin"], unb64(case["public"]))


def lines(case: Case) -> None:
    check_line(case["line"])


def files(case: Case) -> None:
    check_line_proof(case["file"], unb64(case["public"]), case["origin"])


JUDGES: dict[str, Callable[[Case], None]] = {
    each.__name__: each for each in (inclusion, consistency, checkpoints, lines, files)
}


def verdict(judge: Callable[[Case], None], case: Case) -> str:
    try:
        judge(case)
    except CoffreError as error:
        return error.code
    return "sound"


def test_the_vectors_are_those_of_their_script() -> None:
    spec = importlib.util.spec_from_file_location("make_log_vectors", VECTORS / "make_log_vectors.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.written(script.build()) == script.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", JUDGES)
def test_the_verifier_says_of_each_what_it_is(kind: str) -> None:
    found = {case["name"]: verdict(JUDGES[kind], case) for case in GOLDEN[kind]}
    assert found == {case["name"]: case["verdict"] for case in GOLDEN[kind]}


def test_the_page_s_modules_say_the_same_in_node() -> None:
    command = [
        node.program(),
        VECTORS / "log_vectors_in_node.mjs",
        ROOT / "viewer_api" / "log_check",
    ]
    done = subprocess.run(
        [*command, VECTORS / "log-proofs.json"], capture_output=True, text=True, check=True, timeout=60
    )
    kinds = ("inclusion", "consistency", "checkpoints", "lines", "chains", "growths")
    assert json.loads(done.stdout) == {"checked": sum(len(GOLDEN[kind]) for kind in kinds), "wrong": []}


def stranger(file: Path, key: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(STRANGER), str(file), key]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_stranger_s_hundred_lines_know_nothing_of_ours() -> None:
    text = STRANGER.read_text()
    assert len(text.splitlines()) <= 100
    ours = ("audit", "coffre", "keyvault", "records", "sign_in", "tests", "viewer_api")
    assert not [name for name in ours if f"import {name}" in text or f"from {name}" in text]


def test_a_stranger_takes_the_true_file_and_refuses_a_false_one(tmp_path: Path) -> None:
    sound = [case["file"] for case in GOLDEN["files"] if case["verdict"] == "sound"]
    true = tmp_path / "true.tlog-proof"
    true.write_text("".join(sound), encoding="utf-8")
    found = stranger(true, GOLDEN["public"])
    assert (found.returncode, len(found.stdout.splitlines())) == (0, len(sound)), found.stderr
    assert "2026-09-21T14:21:20.000+00:00 retrieve 899700024450 at 8 of 13" in found.stdout
    changed = ("another entry", "another event", "a fork's signature", "another key", "another place")
    for case in (each for each in GOLDEN["files"] if each["name"] in changed):
        false = tmp_path / "false.tlog-proof"
        false.write_text(case["file"], encoding="utf-8")
        assert stranger(false, case["public"]).returncode == 1, case["name"]


def test_several_proofs_stand_in_one_file_and_are_read_back() -> None:
    sound = [case["file"] for case in GOLDEN["files"] if case["verdict"] == "sound"]
    assert split_proofs("".join(sound)) == sound
    assert [parse_proof(text).index for text in sound] == [8, 0]


@pytest.mark.parametrize(
    "text", ["", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v1\nindex\n\nx"]
)
def test_what_is_no_proof_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(CoffreError) as refused:
        parse_proof(text)
    assert refused.value.code == "proof_malformed"


@pytest.mark.parametrize("extra", [b"[]", b"x", b"{}", b"[" * 100_000, b'{"format":1}'])
def test_a_line_that_is_none_is_refused(extra: bytes) -> None:
    from base64 import b64encode

    true = next(case["file"] for case in GOLDEN["files"] if case["name"] == "a line")
    before, _, after = true.partition("extra ")
    text = f"{before}extra {b64encode(extra).decode()}\n{after.partition(chr(10))[2]}"
    with pytest.raises(CoffreError) as refused:
        check_line_proof(text, unb64(GOLDEN["public"]))
    assert refused.value.code == "line_malformed"


def test_the_command_line_checks_a_file_with_the_key_alone(tmp_path: Path) -> None:
    file = tmp_path / "line.tlog-proof"

    def checked(name: str, *options: str) -> tuple[int, str]:
        file.write_text(
            next(case["file"] for case in GOLDEN["files"] if case["name"] == name), encoding="utf-8"
        )
        done = CliRunner().invoke(app, ["audit", "proof", str(file), "--key", GOLDEN["public"], *options])
        return done.exit_code, done.output

    code, told = checked("a line")
    assert code == 0 and "Proven: 1 lines" not in told
    assert "Proven: 1 line" in told and "899700024450" in told
    assert Counter(json.loads(checked("a line", "--json")[1])["lines"][0]).keys() >= {"seq", "index", "leaf"}
    assert checked("a line", "--origin", "audit.elsewhere.example/test")[0] == 1
    for name in ("another entry", "another event", "a fork's signature"):
        assert checked(name)[0] == 1
    assert CliRunner().invoke(app, ["audit", "proof"]).exit_code == 2
    assert CliRunner().invoke(app, ["audit", "proof", str(file), "--key", "short"]).exit_code == 2
