"""Names that make a PDF active, looked for in the raw text of objects before anything is parsed."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pypdf.generic import DictionaryObject, IndirectObject, read_object

# /S of an action dictionary (ISO 32000-2 table 201)
ACTIONS = {
    "/JavaScript": "pdf_javascript",
    "/Launch": "pdf_launch",
    "/SubmitForm": "pdf_submit_form",
    "/ImportData": "pdf_import_data",
    "/Rendition": "pdf_rich_media",
    "/RichMediaExecute": "pdf_rich_media",
    "/Movie": "pdf_rich_media",
    "/Sound": "pdf_rich_media",
    "/GoTo3DView": "pdf_rich_media",
}
ANNOTATIONS = frozenset(("/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"))
_KEYS = "JS XFA EF EmbeddedFile URI FontMatrix FunctionType PS RichMediaContent GoToR GoToE Thread FS"
_WORDS = "|".join(sorted({name[1:] for name in (*ACTIONS, *ANNOTATIONS)} | set(_KEYS.split())))
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
# a name that stands behind a reference is resolved later, so such a dictionary is looked at too
_ACTIVE = re.compile(
    rb"/(?:%b)(?![^\0\t\n\f\r ()<>\[\]{}/%%])|/(?:S|Subtype)\s+\d+\s+\d+\s+R" % _WORDS.encode("ascii")
)
_CODES = {name[1:].encode(): code for name, code in ACTIONS.items()} | {b"JS": "pdf_javascript"}


def unescaped(text: bytes) -> bytes:
    """`text` with the `#xx` of names replaced by their bytes (ISO 32000 §7.3.5)."""
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), text) if b"#" in text else text


def suspicious(text: bytes) -> bool:
    """Whether an object written like this could be active; most are not, and need not be parsed."""
    return _ACTIVE.search(unescaped(text)) is not None


def named(text: bytes) -> Iterator[str]:
    """The codes of active names in a text that cannot be parsed; a name inside a string counts as well."""
    for found in _ACTIVE.finditer(unescaped(text)):
        code = _CODES.get(found[0][1:])
        if code:
            yield code


def parsed(text: bytes, document: Any) -> Any:
    """The object that `text` starts with; its references ask `document.get_object`. Raises as pypdf does."""
    return read_object(BytesIO(text), document)


def resolved(value: Any, key: str) -> Any:
    """The entry of a dictionary behind its reference, or None."""
    if not isinstance(value, DictionaryObject) or key not in value:
        return None
    return target(value.raw_get(key))


def target(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value
