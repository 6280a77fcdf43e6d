"""Where fuzzing starts: small real files of installed packages, and written ones with what those lack."""

from collections.abc import Callable, Iterator

from tests.fuzz.targets import BOUNDARY
from tests.unit.content.dicom_bytes import (
    BIG,
    IMPLICIT,
    JPEG,
    UNDEFINED,
    element,
    fragments,
    identifiers,
    image,
    item,
    part10,
    pixel_module,
)
from tests.unit.content.pdf_bytes import pdf
from tests.unit.content.real_files import packaged

LARGEST = 16_384


def dicom() -> Iterator[bytes]:
    for real in packaged():
        if real.path.stat().st_size <= LARGEST:
            yield real.path.read_bytes()
    yield image()
    yield from (part10(identifiers(syntax), syntax) for syntax in (BIG, IMPLICIT))
    yield part10(
        identifiers() + pixel_module(frames=2) + fragments(b"abcd", b"ef", b"gh", table=bytes(8)), JPEG
    )
    yield part10(element(0x00091010, "UN", item(b"", length=UNDEFINED), length=UNDEFINED) + identifiers())


def multipart() -> Iterator[bytes]:
    line = b"\r\n--" + BOUNDARY
    head = b"\r\nContent-Type: application/dicom\r\nContent-Location: a\r\n\r\n"
    for parts in ([b"abc"], [b"", b"\r\n-", b"--"], [line[:-1], b"x" * 300]):
        yield b"\0" + (line + line.join(head + part for part in parts) + line + b"--\r\n")[2:]
    yield b"\x07preamble" + line + head + b"a" + line + b"--epilogue"


def pdfs() -> Iterator[bytes]:
    yield pdf()
    yield pdf(hidden=(b"<</A 1>>", b"<</S/JavaScript/JS(a)>>"))
    yield pdf(catalog=b"/OpenAction<</S/URI/URI(http://a)>>/Names<</EmbeddedFiles<</Names[(a)4 0 R]>>>>")


SEEDS: dict[str, Callable[[], Iterator[bytes]]] = {"dicom": dicom, "multipart": multipart, "pdf": pdfs}
