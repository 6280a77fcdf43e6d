"""Decode text that is not in the Specific Character Set it declares (PS3.3 §C.12.1.1.2).

A hospital's work list in UTF-8 reaches devices that declare Latin 1 or nothing, and the other way round. A
patient whose name is shown garbled is a patient who is not recognised.
"""

import unicodedata
from collections.abc import Sequence

_UTF_8 = "utf8"
# in these, two or three letters in a row can be UTF-8 by chance: katakana (ISO_IR 13), Thai (ISO_IR 166), and
# whatever has several bytes a character
_SEVERAL_BYTES = frozenset(("shift_jis", "iso_ir_166", "iso_ir_58", "gb18030", "gbk", "gb2312", "euc_kr"))
_ESCAPE = b"\x1b"


def meant_text(value: bytes, charset: Sequence[str]) -> str | None:
    """The text if its bytes are plainly in another character set than `charset`, else None.

    `charset` holds Python's names. In a Latin character set, bytes are UTF-8 by chance only where every
    letter beyond ASCII is two signs such as "Ã©"; bytes declared as UTF-8 that are not are Windows' Latin 1.
    """
    declared = {name.lower() for name in charset}
    if _ESCAPE in value or value.isascii() or declared & _SEVERAL_BYTES:
        return None
    written_in_utf8 = _decoded(value, "utf-8")
    if declared == {_UTF_8}:
        return None if written_in_utf8 is not None else _plausible(_decoded(value, "cp1252"))
    return None if _UTF_8 in declared else _plausible(written_in_utf8)


def _decoded(value: bytes, codec: str) -> str | None:
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        return None


def _plausible(text: str | None) -> str | None:
    """The text where it is made of letters, digits, signs and spaces, as names and descriptions are."""
    if text is None or not all(c.isascii() or unicodedata.category(c)[0] in "LMNPSZ" for c in text):
        return None
    return text
