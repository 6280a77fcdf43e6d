"""First bytes of formats that a DICOM preamble or the outside of a PDF must not carry."""

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
    *(b"<svg", b"<?php", b"<?xml", b"<hta:", b"<iframe"),
)
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_END_RECORD, _DIRECTORY_ENTRY = b"PK\x05\x06", b"PK\x01\x02"
ARCHIVE_TAIL = 65_557  # the end record of a ZIP archive lies within its last 22 + 65 535 bytes


def active_signature(data: bytes) -> str | None:
    """The kind of active content that `data` starts with, or None. Leading white space hides nothing."""
    text = data.lstrip(b"\0\t\n\r\f \xef\xbb\xbf").lower()
    kinds = (
        ("executable", data.startswith(_EXECUTABLES)),
        ("script", _unmarked(data).startswith(_SCRIPTS)),
        ("compound", data.startswith(_COMPOUND)),
        ("archive", data.startswith(_ARCHIVES)),
        ("markup", text.startswith(_MARKUP)),
        ("pdf", b"%pdf-" in text),
    )
    return next((kind for kind, found in kinds if found), None)


def _unmarked(data: bytes) -> bytes:
    """Without a byte order mark: shells start scripts that have one."""
    mark = next((mark for mark in _BYTE_ORDER_MARKS if data.startswith(mark)), b"")
    return data[len(mark) :]


def holds_markup(data: bytes) -> bool:
    """Whether a browser that takes `data` for a page would find elements to act on, wherever they stand."""
    text = data.replace(b"\0", b"").lower()
    return any(mark in text for mark in _MARKUP)


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
