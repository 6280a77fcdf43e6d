"""What is fuzzed: a validator answers as its own judge accepts, framing is read or refused."""

from collections.abc import Callable
from typing import Any

from content.byte_source import BlockReader
from content.dicom.instance import inspect_dicom
from content.limits import Limits
from content.pdf.report import inspect_pdf
from content.sandbox.answer import read_answer
from content.sandbox.child import encode_answer
from ingestion.intake.bodies.multipart import Accepted, PartReader, PartSink
from records.errors import Invalid

BOUNDARY = b"boundary"
_LIMITS = Limits(inflated_bytes=2**22, pdf_decoded_bytes=2**22)
_ACCEPTED = Accepted(plain=frozenset(("application/dicom", "application/octet-stream")))


def dicom(data: bytes) -> None:
    """Raises nothing, and says what `read_answer` lets pass."""
    findings, facts = inspect_dicom(_source(data), _LIMITS)
    read_answer(encode_answer(findings, facts), "dicom", len(data))


def pdf(data: bytes) -> None:
    findings, facts = inspect_pdf(_source(data), _LIMITS)
    read_answer(encode_answer(findings, facts), "pdf", len(data))


def _source(data: bytes) -> BlockReader:
    return BlockReader(lambda offset, length: data[offset : offset + length], len(data))


class Collected:
    """Parts in memory, where a deposit would seal them."""

    def __init__(self) -> None:
        self.parts: list[bytearray] = []
        self.ended = 0

    def start_part(self, described: Any = None) -> None:
        assert self.ended == len(self.parts), "a part begins within another"
        self.parts.append(bytearray())

    def write(self, data: bytes | memoryview) -> None:
        self.parts[-1] += data

    def end_part(self, name: str | None = None) -> None:
        self.ended += 1


def multipart(data: bytes) -> None:
    """The first byte says in which pieces the body comes: they make no difference."""
    if data:
        assert _read(data[1:], data[0] + 1) == _read(data[1:], len(data))


def _read(body: bytes, size: int) -> tuple[list[bytearray], str]:
    """Whole parts and the code of the refusal; of a refused body nothing is kept."""
    collected = Collected()
    reader = PartReader(BOUNDARY, PartSink(collected, _ACCEPTED))  # type: ignore[arg-type]
    try:
        for start in range(0, len(body), size):
            reader.feed(body[start : start + size])
        reader.finish()
    except Invalid as refusal:
        return [], refusal.code
    assert collected.ended == len(collected.parts)
    return collected.parts, ""


TARGETS: dict[str, Callable[[bytes], None]] = {"dicom": dicom, "multipart": multipart, "pdf": pdf}
