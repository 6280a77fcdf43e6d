"""Whatever happens to a real file, the validators answer, quickly, with an answer the parent believes."""

import random
import time
import warnings
from collections.abc import Iterator

import pytest

from content.byte_source import BytesSource
from content.sandbox.answer import read_answer
from content.sandbox.child import encode_answer
from tests.unit.content.dicom_bytes import identifiers, image, part10
from tests.unit.content.pdf_bytes import pdf
from tests.unit.content.real_files import INSPECTORS, corpus, packaged

_BYTES = (
    b"\xff" * 4,
    bytes(4),
    b"\xfe\xff\x00\xe0",
    b"\xff\xff\xff\x7f",
    b"UN\0\0",
    b"SQ\0\0",
    b"obj",
    b"<<",
    b"]",
)
_LARGEST, _SLOWEST = 20_000, 5.0


def originals(kind: str) -> list[bytes]:
    written = [image(), part10(identifiers())] if kind == "dicom" else [pdf(), pdf(hidden=(b"<</A 1>>",))]
    real = [file for file in packaged() + corpus() if file.kind == kind]
    return written + [file.path.read_bytes() for file in real if file.path.stat().st_size < _LARGEST]


def mutations(data: bytes, chance: random.Random) -> Iterator[bytes]:
    """The file changed in one to twenty places: bytes overwritten, cut out, repeated; the end lost."""
    changed = bytearray(data or b"x")
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        place = chance.randrange(len(changed))
        match chance.randrange(5):
            case 0:
                changed[place] = chance.randrange(256)
            case 1:
                del changed[place + 1 : place + chance.randrange(30)]
            case 2:
                start = chance.randrange(len(changed))
                changed[place:place] = changed[start : start + chance.randrange(60)]
            case 3:
                changed[place : place + 4] = chance.choice(_BYTES)
            case _:
                del changed[place + 1 :]
        yield bytes(changed)


def examine(kind: str, data: bytes) -> None:
    started = time.monotonic()
    findings, facts = INSPECTORS[kind](BytesSource(data))
    read_answer(encode_answer(findings, facts), kind, len(data))
    assert time.monotonic() - started < _SLOWEST


def run(kind: str, rounds: int, seed: int) -> None:
    print("seed", seed)
    chance, files = random.Random(seed), originals(kind)
    with warnings.catch_warnings(action="ignore"):
        for _ in range(rounds):
            for changed in mutations(chance.choice(files), chance):
                examine(kind, changed)


@pytest.mark.parametrize(("kind", "rounds"), [("dicom", 1500), ("pdf", 250)])
def test_a_changed_file_never_breaks_a_validator(kind: str, rounds: int) -> None:
    run(kind, rounds, seed=20)


@pytest.mark.long
@pytest.mark.parametrize(("kind", "rounds"), [("dicom", 100_000), ("pdf", 20_000)])
def test_neither_do_many_more_changes(kind: str, rounds: int) -> None:
    run(kind, rounds, seed=random.SystemRandom().randrange(2**32))
