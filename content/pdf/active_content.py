"""Find active content in every object of a PDF, not only in those that its pages use."""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, NumberObject, StreamObject

from content.kinds import HEAD, Kind, kind_of
from content.limits import Limits
from content.pdf.active_names import ACTIONS, ANNOTATIONS, resolved, target
from content.pdf.attached_files import archived_documents, is_program
from content.pdf.dynamic_forms import scripted, submits
from content.verdicts import Finding, Rejected

_SEEN_THROUGH = frozenset((Kind.ARCHIVE, Kind.COMPOUND))  # `is_program` has looked at all of them
_ELSEWHERE = frozenset(("/GoToR", "/GoToE", "/Thread"))  # actions that open another document
_SCRIPT_ADDRESS = re.compile(r"[\0\s]*(?:javascript|vbscript|data)[\0\s]*:", re.IGNORECASE)
# another machine: \\host\share, //host/share, or any address (opening one tells it who reads)
_OTHER_MACHINE = re.compile(r"[\\/]{2}|(?:https?|ftp|smb|file|webdavs?|nfs):", re.IGNORECASE)
_SPECIFICATION_NAMES = ("/F", "/UF", "/DOS", "/Unix", "/Mac", "/Desc")


class ActiveContent:
    """Looks at one reader's objects; `findings` has each code once, with the first place."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._decoded = 0
        self._seen: set[bytes] = set()
        self._place = ""
        self.findings: dict[str, Finding] = {}
        self.attachments: list[bytes] = []

    def look(self, root: Any, place: str) -> None:
        """One indirect object and everything direct inside it, without following references."""
        self._place = place
        for value in _inside(root, self._limits.pdf_depth):
            if isinstance(value, DictionaryObject):
                self._dictionary(value)

    def note(self, code: str, place: str) -> None:
        self.findings.setdefault(code, Finding(code, place))

    def _note(self, code: str) -> None:
        self.note(code, self._place)

    def _dictionary(self, value: DictionaryObject) -> None:
        self._action(value)
        if _name(value, "/Subtype") in ANNOTATIONS or "/RichMediaContent" in value:
            self._note("pdf_rich_media")
        if "/XFA" in value:
            self._form(value)
        if "/EF" in value:
            self._file(value)
        if isinstance(value, StreamObject) and _name(value, "/Type") == "/EmbeddedFile":
            self.attachment([], self._data(value), self._place)  # though nothing names it
        if not all(_is_numbers(resolved(value, key)) for key in _compiled(value)):
            self._note("pdf_javascript")
        if is_postscript(value):
            self._note("pdf_postscript_unused")  # `QpdfView` knows whether anything runs it
        if isinstance(value, StreamObject) and _is_file(resolved(value, "/F")):
            self._note("pdf_other_machine")  # the stream's bytes lie in another file (ISO 32000 §7.3.8.2)

    def _action(self, value: DictionaryObject) -> None:
        action = _name(value, "/S")
        if action in ACTIONS:
            self._note(ACTIONS[action])
        if isinstance(resolved(value, "/JS"), (str, bytes, StreamObject)):
            self._note("pdf_javascript")
        if _is_tree(resolved(value, "/JavaScript")):
            self._note("pdf_javascript")
        if "/URI" in value:
            self._address(resolved(value, "/URI"))
        if action in _ELSEWHERE:
            self._elsewhere(value)
        elif _name(value, "/FS") == "/URL":
            self._note("pdf_external_link")

    def _address(self, address: Any) -> None:
        if isinstance(address, (str, bytes)):
            script = _SCRIPT_ADDRESS.match(_text(address))
            self._note("pdf_javascript" if script else "pdf_external_link")

    def _elsewhere(self, action: DictionaryObject) -> None:
        file = resolved(action, "/F")
        if file is None:
            return
        names = _file_names(file)
        remote = any(_OTHER_MACHINE.match(name) for name in names) or _name(file, "/FS") == "/URL"
        self._note("pdf_other_machine" if remote else "pdf_external_link")

    def _form(self, form: DictionaryObject) -> None:
        """XFA: one stream, or pairs of name and stream (ISO 32000-1 §12.7.8)."""
        parts = resolved(form, "/XFA")
        streams = parts if isinstance(parts, ArrayObject) else [parts]
        text = b"".join(self._data(target(stream)) for stream in streams)
        self._note("pdf_form_script" if scripted(text) else "pdf_form")
        self.attachment([], text, self._place)
        if submits(text):
            self._note("pdf_submit_form")

    def _file(self, specification: DictionaryObject) -> None:
        self._note("pdf_attachment")
        names = _file_names(specification)
        files = resolved(specification, "/EF")
        contents = [resolved(files, key) for key in files] if isinstance(files, DictionaryObject) else []
        for content in contents:
            self.attachment(names, self._data(content), self._place)
        if is_program(names, b""):
            self._note("pdf_embedded_program")

    def attachment(self, names: list[str], data: bytes, place: str) -> None:
        """An attached file: a program by content or name, or content to be examined in its turn."""
        digest = sha256(data).digest()
        if digest in self._seen:
            return
        self._seen.add(digest)
        if len(self._seen) > self._limits.pdf_attachments:
            raise Rejected("pdf_too_complex", "attachments")
        if is_program(names, data):
            self.note("pdf_embedded_program", place)
            return
        documents = archived_documents(data)
        self._count(sum(map(len, documents)))
        self.attachments += [each for each in (data, *documents) if kind_of(each[:HEAD]) not in _SEEN_THROUGH]

    def _data(self, stream: Any) -> bytes:
        if not isinstance(stream, StreamObject):
            return b""
        data = stream.get_data()
        self._count(len(data))
        return data

    def _count(self, size: int) -> None:
        self._decoded += size
        if self._decoded > self._limits.pdf_decoded_bytes:
            raise Rejected("pdf_too_complex", self._place)


def _inside(root: Any, depth: int) -> Iterator[Any]:
    """`root` and its direct descendants, breadth first; references stay unresolved."""
    level = [root]
    for _ in range(depth):
        yield from level
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Rejected("pdf_too_complex", "nesting")


def _children(value: Any) -> list[Any]:
    if isinstance(value, DictionaryObject):
        return [child for child in value.values() if isinstance(child, (DictionaryObject, ArrayObject))]
    if isinstance(value, ArrayObject):
        return [child for child in value if isinstance(child, (DictionaryObject, ArrayObject))]
    return []


def _name(value: Any, key: str) -> str | None:
    name = resolved(value, key)
    return str(name) if isinstance(name, NameObject) else None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _is_tree(value: Any) -> bool:
    """A name tree with something in it; Acrobat leaves empty ones behind."""
    return any(resolved(value, key) for key in ("/Names", "/Kids"))


def _compiled(value: DictionaryObject) -> tuple[str, ...]:
    """Arrays of numbers that viewers written in JavaScript turned into programs, strings and all: of fonts
    (CVE-2024-4367; what font programs hold is read as numbers only) and of functions (CVE-2018-5158)."""
    return ("/FontMatrix", "/Domain", "/Range") if "/FunctionType" in value else ("/FontMatrix",)


def is_postscript(value: DictionaryObject) -> bool:
    """A program for PostScript printers, on its own or beside a form (ISO 32000-1 §8.8.2, §8.10.2)."""
    if not isinstance(value, StreamObject):
        return False
    return "/PS" in (_name(value, "/Subtype"), _name(value, "/Subtype2")) or (
        _name(value, "/Subtype") == "/Form" and isinstance(resolved(value, "/PS"), StreamObject)
    )


def _is_numbers(value: Any) -> bool:
    if not isinstance(value, ArrayObject):
        return value is None or not isinstance(value, (str, bytes, DictionaryObject))
    return all(isinstance(target(number), (NumberObject, FloatObject)) for number in value)


def _is_file(value: Any) -> bool:
    return isinstance(value, DictionaryObject) or (
        isinstance(value, (str, bytes)) and not isinstance(value, NameObject)
    )


def _file_names(value: Any) -> list[str]:
    """The names in a file specification, which is a string or a dictionary (ISO 32000 §7.11)."""
    if isinstance(value, DictionaryObject):
        names = [resolved(value, key) for key in _SPECIFICATION_NAMES]
    else:
        names = [value]
    return [_text(name) for name in names if isinstance(name, (str, bytes))]
