"""The first reader of a PDF: pypdf, lenient, within limits."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pypdf import PasswordType, PdfReader
from pypdf.errors import LimitReachedError
from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

from content.byte_source import SearchedFile, Source
from content.limits import Limits
from content.pdf.active_content import ActiveContent
from content.pdf.active_names import parsed, suspicious, target
from content.verdicts import Rejected
from records.text.numbers import whole

# pypdf's messages, by logger and first twelve letters, that say that part of an object was dropped
_DROPPED = frozenset(
    (
        ("pypdf.generic._data_structures", "%(exception)"),
        ("pypdf._reader", "Invalid /N ("),
        ("pypdf._reader", "Invalid obje"),
        ("pypdf._reader", "Value /N %(n"),
    )
)


# pypdf reads the whole file for each object that is not where it should be: of many, qpdf knows better.
# Less than the sandbox lets a file be read
_MOST_SEARCHED = 2**26


class Repairs(logging.Handler):
    """pypdf tells of repairs by logging; their texts may quote the document and are dropped.

    `ambiguous`: part of an object was dropped, so that another reader may see what was not examined here.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0
        self.ambiguous = False

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.ambiguous |= (record.name, str(record.msg)[:12]) in _DROPPED


@contextmanager
def listening() -> Iterator[Repairs]:
    """What pypdf repairs while the block runs."""
    logger = logging.getLogger("pypdf")
    repairs, propagate = Repairs(), logger.propagate
    logger.addHandler(repairs)
    logger.propagate = False
    try:
        yield repairs
    finally:
        logger.removeHandler(repairs)
        logger.propagate = propagate


class Locked(Exception):  # noqa: N818
    """The document does not open without a password or certificate."""


class PypdfView:
    """A document as pypdf reads it. Raises `Locked`, and many kinds of errors on damaged files."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._file = SearchedFile(source, _MOST_SEARCHED)
        try:
            self.reader = PdfReader(self._file, strict=False)
        except NotImplementedError as error:  # another security handler than the standard one
            raise Locked from error
        self._limits = limits
        self.encrypted = self.reader.is_encrypted
        if self.encrypted:
            self._unlock()

    def _unlock(self) -> None:
        encryption = target(self.reader.trailer.raw_get("/Encrypt"))
        if not isinstance(encryption, DictionaryObject) or encryption.get("/Filter") != "/Standard":
            raise Locked
        if self.reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise Locked

    def pages(self) -> int:
        count = len(self.reader.pages)
        self._check_searches()
        return count

    def metadata(self) -> bytes:
        """The document's XMP packet, empty where there is none."""
        entry = self.reader.root_object.get("/Metadata")
        stream = target(entry)
        return stream.get_data() if isinstance(stream, StreamObject) else b""

    def look_at(self, content: ActiveContent) -> None:
        """Every object the cross-references name, and all of what object streams hold."""
        content.look(self.reader.trailer, "trailer")
        for number, generation in self._numbers():
            reference = IndirectObject(number, generation, self.reader)
            value = self.reader.get_object(reference)
            self._check_searches()
            content.look(value, f"object {number}")
            if isinstance(value, StreamObject):
                self.look_inside(value, content, number)
                if value.get("/Type") != "/ObjStm":  # or its objects would be parsed again for each of them
                    self.reader.resolved_objects.pop((generation, number), None)

    def _check_searches(self) -> None:
        """pypdf may have swallowed the error and have gone on with what it had."""
        if self._file.exhausted:
            raise LimitReachedError

    def look_inside(self, stream: StreamObject, content: ActiveContent, number: int) -> None:
        """The objects of an object stream, also those no cross-reference names (ISO 32000 §7.5.7)."""
        if stream.get("/Type") != "/ObjStm":
            return
        data = stream.get_data()
        if not suspicious(data):
            return
        first = int(stream["/First"])  # type: ignore[call-overload]
        places = [whole(word.decode("latin-1")) for word in data[:first].split()[1::2]]
        if len(places) > self._limits.pdf_objects:
            raise Rejected("pdf_too_complex", f"object {number}")
        ends = [*sorted(places)[1:], len(data) - first]
        for place, end in zip(sorted(places), ends, strict=True):
            text = data[first + place : first + end]
            if suspicious(text):
                content.look(parsed(text, self.reader), f"object {number}")

    def _numbers(self) -> list[tuple[int, int]]:
        found = [(number, generation) for generation, table in self.reader.xref.items() for number in table]
        found += [(number, 0) for number in self.reader.xref_objStm]
        if len(found) > self._limits.pdf_objects_twice:
            raise LimitReachedError
        return found

    def offsets(self) -> set[int]:
        """The offsets of the objects that the cross-references name."""
        return {offset for table in self.reader.xref.values() for offset in table.values()}

    def at(self, number: int, generation: int, offset: int) -> Any:
        """The object written at an offset, whatever the cross-references say; decrypted."""
        reader = self.reader
        table, packed = reader.xref.setdefault(generation, {}), reader.xref_objStm.pop(number, None)
        free = reader.xref_free_entry.get(generation, {}).pop(number, None)
        named, kept = table.get(number), reader.resolved_objects.pop((generation, number), None)
        table[number] = offset
        try:
            return reader.get_object(IndirectObject(number, generation, reader))
        finally:
            _put_back(table, number, named)
            _put_back(reader.xref_objStm, number, packed)
            _put_back(reader.xref_free_entry.setdefault(generation, {}), number, free)
            _put_back(reader.resolved_objects, (generation, number), kept)


def _put_back(table: dict[Any, Any], key: Any, value: Any) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
