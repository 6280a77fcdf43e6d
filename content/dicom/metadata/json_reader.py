"""Read the data sets of DICOM JSON (PS3.18 annex F), one at a time, each member once."""

import json
from collections.abc import Iterator
from typing import Any

from content.byte_order import marked_encoding
from content.byte_source import Source, in_pieces
from content.limits import Limits
from content.verdicts import Finding, Rejected

_SPACE = " \t\r\n"  # RFC 8259 section 2


def json_text(source: Source) -> tuple[str, list[Finding]]:
    """The document as text: UTF-8 (RFC 8259 section 8.1), or what its byte order mark says, with a warning.

    Raises `ValueError` for bytes that are not of that encoding.
    """
    document = b"".join(in_pieces(source))
    encoding = marked_encoding(document)
    findings = [Finding("metadata_not_utf8")] if encoding else []
    return document.decode(encoding or "utf-8-sig"), findings


def json_datasets(text: str, limits: Limits) -> Iterator[dict[str, Any]]:
    """The objects of the array, one at a time in memory; an object without an array is one too.

    Numbers are the text they were. Raises `Rejected`, and `ValueError` for what is no such document.
    """
    # as text no number is rounded, and no digit costs more than its byte
    objects = _Objects(limits.kept_elements)
    decoder = json.JSONDecoder(
        object_pairs_hook=objects.made, parse_float=str, parse_int=str, parse_constant=_refuse
    )
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        dataset, at = decoder.raw_decode(text, at)
        yield _object(dataset)
    else:
        while text[at] in "[,":
            objects.count = 0
            dataset, at = decoder.raw_decode(text, _skip(text, at + 1))
            yield _object(dataset)
            at = _skip(text, at)
        if text[at] != "]":
            raise ValueError
        at += 1
    if _skip(text, at) != len(text):
        raise ValueError


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Rejected("metadata_member_twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - one error for all that isn't metadata
    return value


class _Objects:
    """Objects of one instance as they are parsed; each is an attribute, an item or a name."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = 0

    def made(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self.count += 1
        if self.count > self._most:
            raise Rejected("metadata_too_large")
        return _unambiguous(pairs)
