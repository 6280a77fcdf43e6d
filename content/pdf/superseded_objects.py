"""Find objects that no cross-reference names: earlier revisions, leftovers, those only a repair finds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pypdf.generic import StreamObject

from content.byte_source import Source
from content.limits import Limits
from content.pdf.active_content import ActiveContent
from content.pdf.active_names import named, parsed, suspicious
from content.pdf.lenient_reader import PypdfView
from content.verdicts import Rejected

_PIECE, _OVERLAP = 2**20, 64
_MARK = re.compile(rb"(?<![0-9])(\d{1,10})[\0\t\n\f\r ]{1,8}(\d{1,5})[\0\t\n\f\r ]{1,8}obj\b|\btrailer\b")
_END = re.compile(rb"\bendobj\b|\bstream\r?\n|\bstartxref\b")
_PACKED = re.compile(rb"/(?:ObjStm|EmbeddedFile)(?![A-Za-z])")
_LONGEST = 2**22  # of a dictionary in the text of a file


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where an object or trailer begins. `number`: None for a trailer. `body`: what follows the words."""

    offset: int
    body: int
    number: int | None
    generation: int


def look_at_superseded(
    source: Source, view: PypdfView | None, known: set[int], content: ActiveContent, limits: Limits
) -> None:
    """Objects that do not stand at the offsets `known`, of those that pypdf examined.

    `view` is None where pypdf could not open the document: object streams are then left to qpdf.
    """
    marks = list(_marks(source, limits))
    ends = [mark.offset for mark in marks[1:]] + [source.size]
    for mark, end in zip(marks, ends, strict=True):
        if mark.offset in known:
            continue
        text = source.read(mark.body, min(end - mark.body, _LONGEST))
        stop = _END.search(text)
        text = text[: stop.start()] if stop else text
        place = "trailer" if mark.number is None else f"object {mark.number}"
        if suspicious(text):
            _look_at_text(text, view, content, place)
        if view and mark.number is not None and _PACKED.search(text):
            _look_at_stream(mark.number, mark, view, content)


def _look_at_text(text: bytes, view: PypdfView | None, content: ActiveContent, place: str) -> None:
    try:
        content.look(parsed(text, view.reader if view else None), place)
    except (Rejected, MemoryError):
        raise
    except Exception:  # pypdf raises many kinds on what is no object, such as the bytes of an image
        for code in named(text):
            content.note(code, place)


def _look_at_stream(number: int, mark: _Mark, view: PypdfView, content: ActiveContent) -> None:
    try:
        value = view.at(number, mark.generation, mark.offset)
        if isinstance(value, StreamObject):
            view.look_inside(value, content, number)
            if value.get("/Type") == "/EmbeddedFile":
                content.attachment([], value.get_data(), f"object {number}")
    except (Rejected, MemoryError):
        raise
    except Exception:  # noqa: S110 - no reader of the present document comes here, and none could read it
        pass


def _marks(source: Source, limits: Limits) -> Iterator[_Mark]:
    count, last = 0, -1
    for start in range(0, source.size, _PIECE):
        text = source.read(start, _PIECE + _OVERLAP)
        for found in _MARK.finditer(text):
            offset = start + found.start()
            if offset <= last or found.start() >= _PIECE:
                continue
            last, count = offset, count + 1
            if count > 2 * limits.pdf_objects:
                raise Rejected("pdf_too_complex", "objects")
            number = int(found[1]) if found[1] else None
            yield _Mark(offset, start + found.end(), number, int(found[2] or 0))
