"""The search of the suite's logs finds what is planted, names it by kind, and fails the run."""

import base64
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from coffre.demonstration.files import data as demo_data
from tests.integration.support import new_ins
from tests.log_search import keep_logs, plaintext_in
from tests.other_person import OTHER_INS

ROOT = Path(__file__).parents[2]
KEY = bytes(range(100, 132))
TOKEN = b"eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NTYifQ.c2lnbmF0dXJlc2lnbmF0dXJl"
TRACEBACK = b'Traceback (most recent call last):\n  File "x.py", line 1\nKeyError'
(_, SLICE), *_ = demo_data.ct_study(OTHER_INS, demo_data.OID, slices=1, size=16)


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Not below pytest's folder: what is planted here must not fail this very run."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (new_ins().encode(), "INS"),
        (demo_data.PATIENT_INS.encode(), "INS of the demo"),
        (demo_data.PATIENT.family_name.encode(), "family name"),
        (demo_data.PATIENT.given_name.lower().encode("latin-1"), "given name"),
        (base64.b64encode(demo_data.OTHER_PATIENT.family_name.encode()), "another family name"),
        (demo_data.ACCESSION.encode(), "accession number"),
        (TOKEN, "token"),
        (KEY.hex().encode(), "key signing.key"),
        (base64.urlsafe_b64encode(KEY), "key signing.key"),
        (b"-----BEGIN PRIVATE KEY-----", "private key"),
        (SLICE, "DICOM"),
        (demo_data.report_pdf(), "PDF"),
        (TRACEBACK, "traceback"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_kind_of_plaintext_is_named_and_not_repeated(elsewhere: Path, written: bytes, kind: str) -> None:
    (elsewhere / "authority").mkdir()
    (elsewhere / "authority" / "signing.key").write_text(KEY.hex())
    (elsewhere / "data-server.log").write_bytes(b"2026-01-05 info request failed " + written + b" code=x\n")
    found = plaintext_in(elsewhere)
    assert f"{elsewhere / 'data-server.log'}: {kind} (1)" in found
    assert not any(written.decode("latin-1") in line for line in found)


def test_what_logs_do_hold_is_not_found(elsewhere: Path) -> None:
    lines = (
        "2026-01-05T09:30:00.123 info request GET /records/{ins}/documents status=200 request=0198a000-0000",
        "time=1795323648160418412 size=123456789012345678 share=0.255069999900162 uid=2.25.255069999900162",
        "id 255069999900163 whose key is wrong",
    )
    (elsewhere / "server.log").write_text("\n".join(lines))
    (elsewhere / "report.pdf").write_bytes(demo_data.report_pdf())  # no log
    assert plaintext_in(elsewhere) == []


def test_logs_of_a_folder_that_goes_are_kept(elsewhere: Path) -> None:
    gone, kept = elsewhere / "gone", elsewhere / "kept"
    (gone / "log").mkdir(parents=True)
    (gone / "log" / "rabbit@host").write_bytes(TOKEN)
    keep_logs(gone, kept)
    (gone / "log" / "rabbit@host").unlink()
    (line,) = plaintext_in(elsewhere)
    assert line.endswith("log/rabbit@host: token (1)")


@pytest.mark.parametrize(
    "writes",
    [
        "(tmp_path / 'x.log').write_text(SECRET)",
        "print(SECRET, file=sys.stderr)",
        "logging.getLogger('x').error(SECRET)",
    ],
    ids=["file", "standard error", "logger"],
)
def test_a_run_that_logs_plaintext_fails_though_every_test_passed(elsewhere: Path, writes: str) -> None:
    ins = new_ins()
    (elsewhere / "conftest.py").write_text(
        "from tests.conftest import every_log_is_clean, pytest_runtest_logreport\n"
    )
    (elsewhere / "test_planted.py").write_text(
        f"import logging, sys\nSECRET = '{ins}'\ndef test_passes(tmp_path): {writes}\ndef test_too(): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--basetemp={elsewhere / 'run'}"]
    done = subprocess.run(
        [*command, "--import-mode=importlib", "-c", "/dev/null", "--rootdir", elsewhere, elsewhere],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 1, done.stdout
    assert "2 passed, 1 error" in done.stdout
    assert ": INS (" in done.stdout
    assert ins not in done.stdout
