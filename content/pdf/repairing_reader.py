"""The second reader of a PDF: qpdf, which repairs more and reads faster; used where it decides something.

qpdf prints every object in one canonical form; only what looks active there is parsed and examined.
"""

import re
from io import BytesIO
from typing import Any, Literal, cast

import pikepdf
from pikepdf.settings import set_qpdf_limits
from pypdf.generic import DictionaryObject, IndirectObject, NullObject, NumberObject, StreamObject

from content.byte_source import Source, as_file
from content.limits import Limits
from content.pdf.active_content import ActiveContent, is_postscript
from content.pdf.active_names import parsed, suspicious
from content.pdf.agreement import Reading
from content.pdf.expansion import Expansion
from content.pdf.lenient_reader import Locked
from content.pdf.postscript import runs_postscript
from content.verdicts import Rejected

# qpdf's warnings that say that something of the document could not be read at all
_LOST = re.compile(r"loop detected|error decoding|parse error|unexpected EOF")
# deviations every reader takes for granted; they change nothing in what is read
_HARMLESS = re.compile(
    r"reported number of objects|name with stray #|Resources is missing|MediaBox is|linearization"
    r"|xref entry for the xref stream|hint|uncompressed object after a compressed"
    r"|extraneous whitespace|/Type key should be"
)
_MOST_WARNINGS = 10_000
_FILE_KEY = re.compile(rb"/F\s*[(<]|/F\s+\d+\s+\d+\s+R")


class QpdfView:
    """A document as qpdf reads it. Raises `Locked` and pikepdf's errors."""

    def __init__(self, source: Source, limits: Limits) -> None:
        # of the streams qpdf decodes itself: cross-references, object streams, attachments
        most = limits.pdf_decoded_bytes
        set_qpdf_limits(
            parser_max_nesting=3 * limits.pdf_depth,
            parser_max_errors=_MOST_WARNINGS,
            parser_max_container_size_damaged=limits.pdf_objects,
            flate_max_memory=most,
            run_length_max_memory=most,
            png_max_memory=most,
            tiff_max_memory=most,
        )
        self._limits = limits
        self._told: list[str] = []
        try:
            # pages take over what they inherit only once they are counted: a deep tree would not even open
            self._pdf = pikepdf.open(
                as_file(source), access_mode=pikepdf.AccessMode.stream, inherit_page_attributes=False
            )
        except pikepdf.PasswordError as error:
            raise Locked from error
        except pikepdf.PdfError as error:
            if "encryption" in str(error):  # a handler or algorithm qpdf does not know
                raise Locked from error
            raise
        self.encrypted = self._pdf.is_encrypted
        self.strict = False  # pypdf's parser asks

    def pages(self) -> int:
        try:
            return len(self._pdf.pages)
        except pikepdf.PdfError:  # a tree deeper than qpdf goes; the standard names no limit
            return self._count_pages()

    def _count_pages(self) -> int:
        """Leaves of the page tree (ISO 32000 §7.7.3). Raises `pikepdf.PdfError` for a loop."""
        level, seen, count = [self._pdf.Root.Pages], {self._pdf.Root.Pages.objgen}, 0
        for _ in range(self._limits.pdf_page_tree):
            kids = [kid for node in level for kid in node.get("/Kids", ()) if isinstance(kid, pikepdf.Object)]
            level = [kid for kid in kids if "/Kids" in kid]
            count += len(kids) - len(level)
            if not level:
                return count
            for node in level:
                if node.objgen in seen:
                    raise pikepdf.PdfError("loop")
                seen.add(node.objgen)
        raise Rejected("pdf_too_complex", "page tree")

    def metadata(self) -> bytes:
        """The document's XMP packet, empty where there is none."""
        stream = self._pdf.Root.get("/Metadata")
        return self._decoded(stream) if isinstance(stream, pikepdf.Stream) else b""

    def look_at(self, content: ActiveContent) -> None:
        """Every object of the cross-references, repaired where they had to be, and what streams expand to."""
        expansion, programs = Expansion(self._limits), set[tuple[int, int]]()
        content.look(parsed(self._pdf.trailer.unparse(), self), "trailer")
        for count, value in enumerate(self._pdf.objects):
            if count > self._limits.pdf_objects:
                raise Rejected("pdf_too_complex", "objects")
            if not isinstance(value, pikepdf.Object):
                continue  # a number or truth value
            place = f"object {value.objgen[0]}"
            text = _printed(value)
            if suspicious(text) or (isinstance(value, pikepdf.Stream) and _FILE_KEY.search(text)):
                examined = self._examined(value, text)
                content.look(examined, place)
                if isinstance(examined, DictionaryObject) and is_postscript(examined):
                    programs.add(value.objgen)
            if isinstance(value, pikepdf.Stream):
                expansion.measure(value, place)
        if programs and runs_postscript(self._pdf, programs, self._decoded):
            content.note("pdf_postscript", "content")

    def state(self) -> Reading:
        """The state of the document by qpdf's warnings so far."""
        texts = self._warnings()[:_MOST_WARNINGS]
        if any("limits error" in text for text in texts):
            return Reading.TOO_COMPLEX
        if any(_LOST.search(text) for text in texts):
            return Reading.FAILED
        repaired = any(_HARMLESS.search(text) is None for text in texts)
        return Reading.REPAIRED if repaired else Reading.READ

    def has_repeated_entries(self) -> bool:
        """Whether an entry occurs twice in an object; qpdf takes the last, other readers the first."""
        return any("duplicated key" in text for text in self._warnings())

    def _warnings(self) -> list[str]:
        """qpdf's own texts, which may quote the document; it gives each once."""
        self._told += map(str, self._pdf.get_warnings())
        return self._told

    def get_object(self, reference: IndirectObject) -> Any:
        """What a reference in a parsed object leads to; pypdf's objects ask this."""
        value = self._pdf.get_object((reference.idnum, reference.generation))
        if not isinstance(value, pikepdf.Object):
            return NumberObject(0)  # whichever it is: no check asks
        return self._examined(value, _printed(value))

    def _examined(self, value: pikepdf.Object, text: bytes) -> Any:
        entries = parsed(text, self)
        if not isinstance(value, pikepdf.Stream):
            return NullObject() if entries is None else entries
        return _Stream(entries, lambda: self._decoded(value))

    def _decoded(self, stream: pikepdf.Object) -> bytes:
        limit = self._limits.pdf_decoded_bytes
        Expansion(self._limits, most=limit).measure(stream, "stream")
        return stream.read_bytes()


class _Stream(StreamObject):
    def __init__(self, entries: Any, read: Any) -> None:
        super().__init__()
        self.update(entries)
        self._read = read

    def get_data(self) -> bytes:
        return cast(bytes, self._read())


def encrypted(data: bytes, revision: Literal[2, 3, 4, 6]) -> bytes:
    """`data` under an owner password, with a revision of the standard handler (ISO 32000 table 21)."""
    out, modern = BytesIO(), revision >= 4
    with pikepdf.open(BytesIO(data)) as document:
        protection = pikepdf.Encryption(owner="x", user="", R=revision, aes=modern, metadata=modern)
        document.save(out, encryption=protection)
    return out.getvalue()


def _printed(value: pikepdf.Object) -> bytes:
    if isinstance(value, pikepdf.Stream):
        return value.stream_dict.unparse()
    return value.unparse(resolved=True)
