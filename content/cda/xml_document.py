"""Check XML documents, HL7 CDA above all: refuse active ones, and find all the content they carry along.

Content lies as base64 in elements (HL7 v3 data type ED: `representation`, `mediaType`, `compression`), in
`data:` addresses (RFC 2397) and, in careless files, as base64 that nothing announces.
"""

import base64
import re
import zlib
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from content.byte_order import marked_encoding
from content.verdicts import Rejected

CDA_ROOT = "urn:hl7-org:v3 ClinicalDocument"
# elements that a page made from the document would run or load
_ACTIVE_NAMES = frozenset(("script", "iframe", "object", "embed", "applet", "handler", "foreignobject"))
_PAGES = frozenset(("svg", "html", "a", "form", "object", "style"))
_REMOTE = re.compile(r"""href\s*=\s*["']\s*(?:[\w+.-]+:|[\\/]{2})""", re.IGNORECASE)
_ADDRESS = re.compile(rb"\s*data:([^,]{0,200}),", re.IGNORECASE)
_ADDRESS_WITHIN = re.compile(rb"data:([\w.+-]+/[\w.+-]+)((?:;[^,;\s]{0,80})*),([\w+/=%-]+)", re.IGNORECASE)
_STYLESHEET = "http://www.w3.org/1999/XSL/Transform "
_BLANK = re.compile(rb"[\t\n\r ]+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{64,}={0,2}")
# compression of an ED -> how zlib names the format (RFC 1951, 1952, 1950)
_COMPRESSIONS = {"DF": -15, "GZ": 31, "ZL": 15}


@dataclass(frozen=True, slots=True)
class Carried:
    """Content inside a document, and what it is called, if anything."""

    data: bytes = field(repr=False)
    media_type: str | None


@dataclass(slots=True)
class _Element:
    media_type: str | None
    encoded: bool
    compression: str
    pieces: list[bytes]


def carried(data: bytes, *, clinical: bool, deepest: int, most: int) -> list[Carried]:
    """The content that the document carries along, expanded to `most` bytes together at most.

    `clinical`: it must be a CDA document. In one, and in drawings, what a viewer would run is refused.
    Raises `Rejected` "document_not_valid", and `expat.ExpatError` for what is no XML.
    """
    reader = _Reader(clinical, deepest, most)
    parser = expat.ParserCreate(marked_encoding(data), namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.ProcessingInstructionHandler = reader.instruction
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except (ValueError, LookupError) as error:  # an encoding that Python reads and expat does not
        raise expat.ExpatError from error
    return reader.found


class _Reader:
    def __init__(self, clinical: bool, deepest: int, most: int) -> None:
        self.found: list[Carried] = []
        self._clinical = clinical
        self._strict = clinical
        self._deepest = deepest
        self._left = most
        self._open: list[_Element] = []

    def doctype(self, name: str, system: str | None, public: str | None, subset: int) -> None:
        """Entities expand without bound, spell anything and reach outside."""
        if self._clinical or subset:
            raise Rejected("document_not_valid", "DOCTYPE")

    def instruction(self, name: str, text: str) -> None:
        if name == "xml-stylesheet" and _REMOTE.search(text):
            raise Rejected("document_not_valid", "stylesheet")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2].lower()
        if not self._open:
            self._root(name, local)
        if len(self._open) >= self._deepest:
            raise Rejected("document_not_valid", "nesting")
        if self._strict and (local in _ACTIVE_NAMES or any(map(_acts, attributes.items()))):
            raise Rejected("document_not_valid", "active content")
        for value in attributes.values():
            self._found_in(value.encode(), None)
        named = {key.rpartition(" ")[2].lower(): value.strip() for key, value in attributes.items()}
        encoded = named.get("representation", "").upper() == "B64"
        self._open.append(_Element(named.get("mediatype"), encoded, named.get("compression", "").upper(), []))

    def _root(self, name: str, local: str) -> None:
        if (self._clinical and name != CDA_ROOT) or local == "html":
            raise Rejected("document_not_valid", "root")
        self._strict |= name == CDA_ROOT or local in _PAGES or name.startswith(_STYLESHEET)

    def text(self, text: str) -> None:
        self._open[-1].pieces.append(text.encode())

    def end(self, name: str) -> None:
        element = self._open.pop()
        text = b"".join(element.pieces)
        if element.encoded:
            self._add(_expanded(_decoded(text), element.compression, self._left), element.media_type)
        elif not self._found_in(text, element.media_type) and element.media_type is not None and text.strip():
            self._add(text, element.media_type)

    def _found_in(self, text: bytes, media_type: str | None) -> bool:
        """Whether a text is content, or holds some: an address, addresses among words, base64."""
        if self._address(text):
            return True
        if _BASE64.fullmatch(bare := _BLANK.sub(b"", text)):
            self._unannounced(bare, media_type)
            return True
        found = list(_ADDRESS_WITHIN.finditer(text))
        for each in found:
            plain = unquote_to_bytes(each[3])
            self._add(_decoded(plain) if b";base64" in each[2].lower() else plain, each[1].decode())
        return bool(found)

    def _unannounced(self, text: bytes, media_type: str | None) -> None:
        if len(text.rstrip(b"=")) % 4 != 1:  # or it is no base64, which has no such length
            self._add(_decoded(text), media_type)

    def _address(self, text: bytes) -> bool:
        found = _ADDRESS.match(text)
        if found is None:
            return False
        label, content = found[1].decode("latin-1"), text[found.end() :]
        kind, *parameters = label.split(";")
        is_base64 = any(each.strip().lower() == "base64" for each in parameters)
        plain = unquote_to_bytes(content)
        self._add(_decoded(plain) if is_base64 else plain, kind or None)
        return True

    def _add(self, data: bytes, media_type: str | None) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise Rejected("document_not_valid", "too large")
        self.found.append(Carried(data, media_type))
        bare = _BLANK.sub(b"", data) if data[:1].isalnum() else b""
        if _BASE64.fullmatch(bare):  # encoded more than once
            self._unannounced(bare, None)


def _decoded(text: bytes) -> bytes:
    """Base64 with white space, without padding or in the alphabet for addresses too (RFC 4648)."""
    bare = _BLANK.sub(b"", text).rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
    except ValueError as error:
        raise Rejected("document_not_valid", "base64") from error


def _expanded(data: bytes, compression: str, most: int) -> bytes:
    if not compression:
        return data
    if compression not in _COMPRESSIONS:
        raise Rejected("document_not_valid", "compression")
    inflater = zlib.decompressobj(_COMPRESSIONS[compression])
    try:
        content = inflater.decompress(data, most + 1)
    except zlib.error as error:
        raise Rejected("document_not_valid", "compression") from error
    if not inflater.eof and len(content) <= most:
        raise Rejected("document_not_valid", "compression")
    return content


def _acts(attribute: tuple[str, str]) -> bool:
    name, value = attribute
    text = "".join(value.split()).lower()
    return name.lower().startswith("on") or text.startswith(("javascript:", "vbscript:"))
