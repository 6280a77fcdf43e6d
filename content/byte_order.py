"""Recognise text in UTF-16 by its first two bytes (Unicode chapter 23.8, XML 1.0 section 4.3.3)."""

import codecs

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def marked_encoding(data: bytes) -> str | None:
    """The encoding that a mark at the start tells, whatever a declaration inside says; None without one."""
    return "utf-16" if data.startswith(_MARKS) else None
