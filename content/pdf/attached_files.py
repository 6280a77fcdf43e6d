"""Find programs among the files attached to a PDF, whatever they are called (ISO 32000 §7.11.4)."""

import io
import re
import zipfile
import zlib

from content.signatures import active_signature

_PROGRAMS = """
    exe dll com scr pif cpl msi msp bat cmd ps1 vbs vbe js jse wsf wsh hta jar lnk reg sh py pl
    app dmg pkg deb rpm apk elf swf chm iso img docm xlsm pptm dotm xltm potm ppam xlam url scf inf gadget
    htm html xhtml mht mhtml shtml svg php asp aspx jsp class vhd vhdx appx msix xll library-ms search-ms
"""
_PROGRAM_NAMES = tuple(f".{suffix}" for suffix in _PROGRAMS.split())
_SHORTCUT = b"L\0\0\0\x01\x14\x02\0"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
# stream names in a compound file: macros (MS-OVBA §2.2.1), embedded packages
_OLE_ACTIVE = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "VBA", "Macros", "\x01Ole10Native"))
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")  # CLSID of Windows Installer packages
_FLASH = (b"FWS", b"CWS", b"ZWS")
_CLOSED_ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"MSCF", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
_SCRIPTED = re.compile(
    rb"<\s*(?:[\w.-]+:)?script[\s>/]|\bon(?:load|error|click)\s*=|javascript:", re.IGNORECASE
)
_MARKUP = re.compile(rb"<\s*(?:!doctype\s+html|html|script|hta:|\?php|body|iframe)", re.IGNORECASE)
_MACROS = ("vbaproject.bin", "vbadata.xml")
_MOST_ENTRIES = 10_000
_HEAD, _MOST_INSIDE = 1024, 2**26


def is_program(names: list[str], data: bytes) -> bool:
    """Whether an attachment is a program, or an archive or page that holds or may hold one."""
    return any(_program_name(name) for name in names) or _program_content(data)


def _program_name(name: str) -> bool:
    return name.lower().rstrip(". \0\t\r\n").endswith(_PROGRAM_NAMES)


def _program_content(data: bytes) -> bool:
    head = data[:1024]
    kind = active_signature(head)
    if kind in {"executable", "script"} or head.startswith((_SHORTCUT, *_FLASH, *_CLOSED_ARCHIVES)):
        return True
    if head.startswith(_OLE):
        return _INSTALLER in data or any(name in data for name in _OLE_ACTIVE)
    if kind == "archive":
        return _active_archive(data)
    return _MARKUP.match(head.lstrip(b"\0\t\n\r\f \xef\xbb\xbf")) is not None or (
        kind == "markup" and _SCRIPTED.search(_as_ascii(data)) is not None
    )


def _active_archive(data: bytes, level: int = 0) -> bool:
    """Whether an archive holds a program, by the names and by the bytes of its entries; office documents are
    archives and may hold others. One that cannot be read may hold anything, so it counts as active."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            names = [entry.filename for entry in entries]
            return (
                len(entries) > _MOST_ENTRIES
                or "META-INF/MANIFEST.MF" in names
                or any(map(_active_name, names))
                or any(_active_entry(archive, entry, level) for entry in entries)
            )
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return True


def _active_name(name: str) -> bool:
    file = name.lower().rsplit("/", 1)[-1]
    return file in _MACROS or _program_name(file) or file.endswith(".zip")


def _active_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, level: int) -> bool:
    with archive.open(entry) as file:
        data = file.read(_HEAD)
        if not data.startswith((b"PK", _OLE)):
            return _program_content(data)
        data += file.read(_MOST_INSIDE)
    if len(data) > _MOST_INSIDE or level:
        return True
    return _active_archive(data, level + 1) if data.startswith(b"PK") else _program_content(data)


def archived_documents(data: bytes) -> list[bytes]:
    """The PDFs in an archive in which `is_program` found none; nothing for what is no archive."""
    if not data.startswith(b"PK"):
        return []
    documents, left = [], _MOST_INSIDE
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as file:
                head = file.read(_HEAD)
                if b"%PDF-" in head:
                    documents.append(head + file.read(left))
                    left = max(0, left - len(documents[-1]))
    return documents


def _as_ascii(data: bytes) -> bytes:
    """UTF-16 is read as ASCII: its zero bytes go."""
    return data.replace(b"\0", b"")
