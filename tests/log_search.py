"""Every log that a test run leaves, searched for what no log may hold: identities, tokens, keys, content.

Logs are found, not registered: whatever is called a log below pytest's folder, what a fixture hands over
before it removes a folder elsewhere (`keep_logs`), and what tests and their processes wrote on standard
error. At the end of each worker the fixture `every_log_is_clean` (tests/conftest.py) fails the run, naming
log and kind, never what was found.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import pytest

from coffre.demonstration.files import data as demo_data
from coffre.plaintext_search.search import prove_and_search
from records.errors import Invalid
from records.people.identity import INS, INS_NIR_TEST
from records.text.base64url import unb64
from tests.other_person import OTHER_INS

SUFFIXES = (".log", ".out", ".err", ".stderr")
FOLDERS = frozenset({"log", "logs"})
KEY_FILES = ("root", "signing.key", "url.key", "proof.key", "accounts.key", "issuer.key", "*-officer.key")
TRACEBACK = "traceback"
_TRACEBACKS_OF_OTHERS = frozenset({"moto.log"})  # the double of a KMS, a Python program that is not ours
_PATTERNS = {
    "token": rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY",
    "DICOM": rb"\x00{16}DICM|DICM\x02\x00",
    "PDF": rb"%PDF-[12]\.",
    TRACEBACK: rb"Traceback \(most recent call last\)",
}
_NUMBERS = re.compile(rb"(?<![0-9A-Za-z.])[1-478]\d{14}(?![0-9A-Za-z])")
_CONTENT = {
    "family name": demo_data.PATIENT.family_name,
    "given name": demo_data.PATIENT.given_name,
    "another family name": demo_data.OTHER_PATIENT.family_name,
    "another given name": demo_data.OTHER_PATIENT.given_name,
    "INS of the demo": demo_data.PATIENT_INS,
    "another INS of the demo": OTHER_INS,
    "accession number": demo_data.ACCESSION,
    "referring physician": "PÉRÉ-DUBREUIL",
    "study description": "Scanner thoracique sans injection",
}
_SPOKEN = ("Captured stderr", "Captured log")
_LONGEST_NAME = 200
_numbers = count()


def is_log(path: Path) -> bool:
    return path.suffix in SUFFIXES or path.parent.name in FOLDERS


def logs_below(folder: Path) -> list[Path]:
    """Logs that hold anything; symbolic links are not followed."""
    return sorted(
        path
        for path in folder.rglob("*")
        if is_log(path) and path.is_file() and not path.is_symlink() and path.stat().st_size
    )


def keep_logs(folder: Path, kept: Path) -> None:
    """Copies the logs of a folder that is about to be removed."""
    for path in logs_below(folder):
        place = kept / f"{next(_numbers)}-{folder.name}" / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def said(report: pytest.TestReport) -> Iterator[tuple[str, str]]:
    """(test, text): what a test, and processes that share its standard error, wrote there or logged."""
    for title, text in report.sections:
        if title.startswith(_SPOKEN):
            yield re.sub(r"[^\w.-]+", "-", report.nodeid)[:_LONGEST_NAME], text


def write_down(said: Iterable[tuple[str, str]], kept: Path) -> None:
    """One log for each test that said something."""
    for test, text in said:
        with (kept / f"{test}.stderr").open("a", encoding="utf-8", errors="backslashreplace") as out:
            out.write(text)


def plaintext_in(folder: Path) -> list[str]:
    """Returns "log: kind (times)" for each kind of plaintext in each log below a folder."""
    logs = {f"{number:05d}": path for number, path in enumerate(logs_below(folder))}
    found: Counter[tuple[Path, str]] = Counter()
    for path in logs.values():
        found.update((path, kind) for kind in _kinds(path.name, path.read_bytes()))
    found.update(_secrets_in(logs, folder))
    return [f"{path}: {kind} ({times})" for (path, kind), times in sorted(found.items())]


def _kinds(name: str, content: bytes) -> Iterator[str]:
    for kind, pattern in _PATTERNS.items():
        if kind == TRACEBACK and name in _TRACEBACKS_OF_OTHERS:
            continue
        yield from (kind for _ in re.finditer(pattern, content))
    yield from ("INS" for number in _NUMBERS.findall(content) if _is_ins(number.decode()))


def _is_ins(number: str) -> bool:
    """Whether its key is right, which one number in 97 has by chance."""
    try:
        INS.parse(number, INS_NIR_TEST)
    except Invalid:
        return False
    return True


def _secrets_in(logs: dict[str, Path], folder: Path) -> Iterator[tuple[Path, str]]:
    """Where a known name or a key of this run stands in any spelling; the search proves that it can find."""
    copies = folder / "logs-to-search"
    copies.mkdir()
    try:
        for name, path in logs.items():
            shutil.copyfile(path, copies / name)
        report = prove_and_search(copies, {**_CONTENT, **dict(_keys(folder))})
        for place in report.found:
            yield logs[place.path.name], re.sub(r" \d+$", "", place.label)
    finally:
        shutil.rmtree(copies)


def _keys(folder: Path) -> Iterator[tuple[str, str | bytes]]:
    """The keys of every data directory of the run, as bytes where their file spells them."""
    seen: set[bytes] = set()
    for pattern in KEY_FILES:
        for path in folder.rglob(pattern):
            for key in _key_bytes(path) if path.is_file() else ():
                if key not in seen:
                    seen.add(key)
                    yield f"key {pattern} {len(seen)}", key


def _key_bytes(path: Path) -> Iterable[bytes]:
    text = path.read_bytes()[:4096].decode("latin-1")
    try:
        return [bytes.fromhex(text.strip())]
    except ValueError:
        # a key in base64url stands for its 32 bytes (docs/formats.md); what else it holds is no secret
        return [unb64(word) for word in re.findall(r'"key"\s*:\s*"([A-Za-z0-9_-]{43})"', text)]
