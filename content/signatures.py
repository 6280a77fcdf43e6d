"""First bytes of formats that a DICOM preamble or the outside of a PDF must not carry."""

import re

_EXECUTABLES = (
    b"MZ",  # DOS, Windows
    b"\x7fELF",
    *(bytes.fromhex(m) for m in ("feedface", "feedfacf", "cefaedfe", "cffaedfe")),  # Mach-O
    *(bytes.fromhex(m) for m in ("cafebabe", "cafebabf", "bebafeca", "bfbafeca")),  # universal Mach-O, Java
    *(b"dex\n", b"dey\n", b"\0asm"),  # Android, WebAssembly
    b"L\0\0\0\x01\x14\x02\0",  # Windows shortcut
)
_SCRIPTS = (b"#!", b"#\0!\0", b"\0#\0!")
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")  # Windows installers, and old office documents
_ARCHIVES = (
    *(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"),
    *(b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"MSCF", b"xar!", b"!<arch>\n"),
    *(b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"ITSF"),
)
_MARKUP = (
    *(b"<!doctype", b"<html", b"<script", b"<head", b"<body"),
    *(b"<svg", b"<?php", b"<?xml", b"<hta:", b"<iframe", b"<?="),
    *(b"<job", b"<package", b"<scriptlet", b"<registration"),  # Windows Script Host
)
# further elements and openings that a browser acts on, where no text belongs at all
_ELEMENTS = (
    *(b"<object", b"<embed", b"<applet", b"<img", b"<meta", b"<style", b"<form", b"<a href", b"<!--", b"<%"),
)
# what a command line, script host or shell would run line by line; prose may start a line with the same words
_COMMANDS = re.compile(
    rb"(?:\A|[\r\n&|;])[\s@('\"]*(?:"
    rb"@?echo\s+off|rem\s|::|:\w+\s*[\r\n]|goto\s+:?\w|call\s+[\w:\"%]|start\s+(?:/|\"|[\w.\\:]+\s*(?:[\r\n&|]|\Z))"
    rb"|set\s+(?:/[ap]\s|\w+\s*=)|if\s+(?:not\s+)?(?:exist|errorlevel|defined)\s|for\s+(?:/[a-z]\s+)?%"
    rb"|exit\s*(?:/b|\d)?\s*(?:[\r\n&|;]|\Z)|setlocal\b|del\s+/|copy\s+/|net\s+use|(?:if|for|while)\s*\("
    rb"|[\w:\\.%~-]+\.(?:exe|com|bat|cmd|vbs|js|ps1|hta|scr)(?:[\s\"&|]|\Z)|cmd(?:\.exe)?\s*/|calc\s*(?:[\r\n&|]|\Z)"
    rb"|msgbox\b|option\s+explicit|on\s+error\s+resume|dim\s+\w+\s*[\r\n:,]|execute(?:global)?[\s(]|eval[\s(]"
    rb"|sub\s+\w+\s*[\r\n(]|(?:async\s+)?function\b[\s\w]*[({]|(?:var|let|const)\s+\w+\s*=|/\*|<#|param\s*\(|\$\w+\s*="
    rb"|try\s*\{|import\s+(?:os|sys|subprocess|socket)\b|from\s+\w+\s+import\b|exec[\s(]"
    rb"|\[(?:internetshortcut|autorun|desktop entry|\.shellclassinfo)\]|windows registry editor|regedit4"
    rb"|mime-version:"
    rb"|%!ps|x5o!p%@ap)"
)
# what only a program says
_PROGRAM_WORDS = re.compile(
    rb"(?:\A|[\r\n&])\s*@?echo\s+off\b|(?:\A|[\r\n])\s*(?:msgbox\s*[\"(]|option\s+explicit\b|x5o!p%@ap)"
    rb"|\b(?:eval|alert|document\.write)\s*\(|\bfunction\s+\w+\s*\([^)]*\)\s*\{|%comspec%|\bcmd(?:\.exe)?\s+/[ckq]|\bpowershell\b|\bpwsh\b|\bmshta\b|\brundll32\b|\bregsvr32\b|\bcertutil\b"
    rb"|\bbitsadmin\b|\b[wc]script\b|\b(?:create|get)object\s*\(|activexobject|shellexecute|\binvoke-\w+|\biex[\s(]+[$(]"
    rb"|\bnew-object\s|\bstart-process\b|\bwrite-(?:host|output)\b|/bin/(?:ba|da|z|k|c)?sh\b|/usr/bin/env\s|\b(?:curl|wget)\s+\S*http"
    rb"|\b(?:python3?|perl|ruby|php|node)\s+-[cer]\s|\bbase64\s+-d"
)
_SEARCHED = 4096
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_END_RECORD, _DIRECTORY_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
ARCHIVE_TAIL = 65_557  # the end record of a ZIP archive lies within its last 22 + 65 535 bytes


def active_signature(data: bytes) -> str | None:
    """The kind of active content that `data` starts with, or None. Leading white space hides nothing."""
    text = data.lstrip(b"\0\t\n\r\f \xef\xbb\xbf").lower()
    kinds = (
        ("executable", data.startswith(_EXECUTABLES)),
        ("script", _unmarked(data).startswith(_SCRIPTS) or reads_as_script(data)),
        ("compound", data.startswith(_COMPOUND)),
        ("archive", data.startswith(_ARCHIVES)),
        ("markup", text.startswith(_MARKUP)),
        ("pdf", b"%pdf-" in text),
    )
    return next((kind for kind, found in kinds if found), None)


def reads_as_script(data: bytes) -> bool:
    """Whether text that starts so is a program for a command line, script host or shell, and not prose."""
    return _PROGRAM_WORDS.search(_plain(data[:_SEARCHED])) is not None


def could_run(data: bytes) -> bool:
    """Whether a command line, script host, shell or browser would act on bytes where no text belongs."""
    text = _plain(data)
    return (
        _COMMANDS.search(text) is not None
        or _PROGRAM_WORDS.search(text) is not None
        or any(mark in text for mark in (*_MARKUP, *_ELEMENTS))
    )


def _plain(data: bytes) -> bytes:
    """In lower case and without zero bytes, so that UTF-16 hides nothing."""
    return _unmarked(data).replace(b"\0", b"").lower()


def _unmarked(data: bytes) -> bytes:
    """Without a byte order mark: shells start scripts that have one."""
    mark = next((mark for mark in _BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    return data[len(mark) :]


def ends_as_archive(tail: bytes) -> bool:
    """Whether a ZIP reader, which looks from the end, finds an archive in these last bytes of a file."""
    position = tail.rfind(_END_RECORD)
    while position >= 0:
        comment = int.from_bytes(tail[position + 20 : position + 22], "little")
        size = int.from_bytes(tail[position + 12 : position + 16], "little")
        start = position - size
        whole = position + 22 + comment == len(tail)
        if whole and size and (start < 0 or tail[start : start + 4] == _DIRECTORY_ENTRY):
            return True
        position = tail.rfind(_END_RECORD, 0, position)
    return False
