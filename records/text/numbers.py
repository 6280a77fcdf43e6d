"""Numbers as strangers write them: ASCII digits, and nothing that Python alone would take for a number.

`int("1_0")` is ten, `int("٣")` three and `float("nan")` not even a number; no standard that is read here has
these forms. White space is for the caller to take away where a format allows it.
"""

import re

_LONGEST = 64  # characters; beyond, converting costs more than any format needs
_WHOLE = re.compile(r"[0-9]+")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def whole(text: str) -> int:
    """A count or an index: digits alone. Raises `ValueError`."""
    return int(_checked(_WHOLE, text))


def is_whole(text: str) -> bool:
    """Whether `whole` reads it."""
    return len(text) <= _LONGEST and _WHOLE.fullmatch(text) is not None


def digits(value: object) -> object:
    """`whole` for what a framework reads on: a text becomes a count, anything else stays what it is."""
    return whole(value) if isinstance(value, str) else value


def integer(text: str) -> int:
    """Digits with a sign or without. Raises `ValueError`."""
    return int(_checked(_INTEGER, text))


def decimal(text: str) -> float:
    """Fixed or floating point; infinite where it is too large for a double. Raises `ValueError`."""
    return float(_checked(_DECIMAL, text))


def _checked(form: re.Pattern[str], text: str) -> str:
    if len(text) > _LONGEST or not form.fullmatch(text):
        raise ValueError("not a number")
    return text
