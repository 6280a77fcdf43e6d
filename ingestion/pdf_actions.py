"""Active content in the objects of a PDF, wherever it hangs: every object, not only what pages use."""

from collections.abc import Iterator
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

from ingestion.limits import Limits
from ingestion.signatures import active_signature
from ingestion.verdicts import Finding, Rejected

# /S of an action dictionary (ISO 32000-2 table 201)
_ACTIONS = {
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
_ANNOTATIONS = frozenset(("/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"))
# keys that carry content of the kind whatever the rest of the dictionary says
_KEYS = {"/JS": "pdf_javascript", "/JavaScript": "pdf_javascript", "/RichMediaContent": "pdf_rich_media"}
_PROGRAMS = """
    exe dll com scr pif cpl msi msp bat cmd ps1 vbs vbe js jse wsf wsh hta jar lnk reg sh py pl
    app dmg pkg deb rpm apk elf swf chm iso img docm xlsm pptm url scf inf gadget
"""
_PROGRAM_NAMES = tuple(f".{suffix}" for suffix in _PROGRAMS.split())


class ActiveContent:
    """Looks at one document's objects; `findings` has each code once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._decoded = 0
        self.findings: dict[str, Finding] = {}
        self.attachments: list[bytes] = []

    def look(self, root: Any) -> None:
        """One indirect object and everything direct inside it, without following references."""
        for value in _inside(root, self._limits.pdf_depth):
            if isinstance(value, DictionaryObject):
                self._dictionary(value)

    def _dictionary(self, value: DictionaryObject) -> None:
        action = _raw_name(value, "/S")
        if action in _ACTIONS:
            self._note(_ACTIONS[action])
        if _raw_name(value, "/Subtype") in _ANNOTATIONS:
            self._note("pdf_rich_media")
        for key, code in _KEYS.items():
            if key in value:
                self._note(code)
        if "/XFA" in value:
            self._form(value)
        if "/EF" in value:
            self._file(value)

    def _note(self, code: str) -> None:
        self.findings.setdefault(code, Finding(code))

    def _form(self, form: DictionaryObject) -> None:
        """XFA: one stream, or pairs of name and stream (ISO 32000-1 §12.7.8)."""
        parts = _resolved(form, "/XFA")
        streams = (
            [item for item in parts if not isinstance(item, str)]
            if isinstance(parts, ArrayObject)
            else [parts]
        )
        text = b"".join(self._data(_target(stream)) for stream in streams).lower()
        scripted = b"<script" in text or b":script" in text
        self._note("pdf_form_script" if scripted else "pdf_form")

    def _file(self, specification: DictionaryObject) -> None:
        self._note("pdf_attachment")
        names = [str(_resolved(specification, key) or "") for key in ("/F", "/UF", "/DOS", "/Unix", "/Mac")]
        if any(name.lower().rstrip(". \0").endswith(_PROGRAM_NAMES) for name in names):
            self._note("pdf_embedded_program")
        files = _resolved(specification, "/EF")
        for key in list(files) if isinstance(files, DictionaryObject) else []:
            self._attachment(self._data(_resolved(files, key)))

    def _attachment(self, data: bytes) -> None:
        kind = active_signature(data[:1024])
        if kind in {"executable", "script"}:
            self._note("pdf_embedded_program")
        elif kind == "pdf":
            self.attachments.append(data)

    def _data(self, stream: Any) -> bytes:
        if not isinstance(stream, StreamObject):
            return b""
        data = stream.get_data()
        self._decoded += len(data)
        if self._decoded > self._limits.pdf_decoded_bytes:
            raise Rejected("pdf_too_complex")
        return data


def _inside(root: Any, depth: int) -> Iterator[Any]:
    """`root` and its direct descendants, breadth first; references stay unresolved."""
    level = [root]
    for _ in range(depth):
        yield from level
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Rejected("pdf_too_complex")


def _children(value: Any) -> list[Any]:
    if isinstance(value, DictionaryObject):
        return [child for child in value.values() if isinstance(child, (DictionaryObject, ArrayObject))]
    if isinstance(value, ArrayObject):
        return [child for child in value if isinstance(child, (DictionaryObject, ArrayObject))]
    return []


def _target(value: Any) -> Any:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _resolved(value: DictionaryObject, key: str) -> Any:
    return _target(value.raw_get(key)) if key in value else None


def _raw_name(value: DictionaryObject, key: str) -> str | None:
    name = _resolved(value, key)
    return str(name) if isinstance(name, NameObject) else None
