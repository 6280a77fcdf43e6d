"""First bytes of formats that a DICOM preamble or the outside of a PDF must not carry."""

_EXECUTABLES = (
    b"MZ",  # DOS, Windows
    b"\x7fELF",
    *(bytes.fromhex(m) for m in ("feedface", "feedfacf", "cefaedfe", "cffaedfe")),  # Mach-O
    b"\xca\xfe\xba\xbe",  # Java, universal Mach-O
    b"dex\n",
)
_ARCHIVES = (
    *(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"),
    *(b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"MSCF"),
)
_MARKUP = (
    *(b"<!doctype", b"<html", b"<script", b"<head", b"<body"),
    *(b"<svg", b"<?php", b"<?xml", b"<hta:", b"<iframe"),
)


def active_signature(data: bytes) -> str | None:
    """The kind of active content that `data` starts with, or None. Leading white space hides nothing."""
    text = data.lstrip(b"\0\t\n\r\f \xef\xbb\xbf").lower()
    if data.startswith(_EXECUTABLES):
        return "executable"
    if data.startswith(b"#!"):
        return "script"
    if data.startswith(_ARCHIVES):
        return "archive"
    if text.startswith(_MARKUP):
        return "markup"
    if b"%pdf-" in text:
        return "pdf"
    return None
