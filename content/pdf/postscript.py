"""The search for PostScript that a PDF would run (ISO 32000-1 §8.8.2, §8.10.2).

Viewers pass over such objects; a driver of a PostScript printer runs one that is painted: by the operator
`Do`, as the appearance of an annotation or as the group of a soft mask. What nothing paints stays bytes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pikepdf

from content.pdf.active_names import unescaped

_BLANK = rb"(?:[\0\t\n\f\r ]|%[^\r\n]*[\r\n])+"
_PAINTED = re.compile(rb"(/[^\0\t\n\f\r ()<>\[\]{}/%%]+)%b(?=Do\b)" % _BLANK)

Number = tuple[int, int]
Decoded = Callable[[pikepdf.Object], bytes]


def runs_postscript(document: pikepdf.Pdf, programs: set[Number], decoded: Decoded) -> bool:
    """Whether a content stream paints one of `programs`, or an annotation or soft mask is drawn by one.

    `decoded` gives a content stream's bytes, within the limits of an inspection.
    """
    everywhere: set[bytes] = set()
    contents: list[tuple[set[bytes] | None, list[pikepdf.Object]]] = []
    for holder in _holders(document):
        if _drawn_directly(holder, programs):
            return True
        names = _names(holder, programs)
        everywhere |= names or set()
        contents.append((names, list(_contents(holder))))
    return any(
        everywhere & _painted(b"\n".join(map(decoded, streams)))
        if names is None
        else bool(names) and bool(names & _painted(b"\n".join(map(decoded, streams))))
        for names, streams in contents
        if everywhere and streams
    )


def _holders(document: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary and stream, those inside others too."""
    waiting: list[Any] = list(document.objects)
    while waiting:
        value = waiting.pop()
        if isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
            yield value
            waiting += [each for _, each in _items(value) if not each.is_indirect]
        elif isinstance(value, pikepdf.Array):
            waiting += [each for each in value if isinstance(each, pikepdf.Object) and not each.is_indirect]


def _names(holder: Any, programs: set[Number]) -> set[bytes] | None:
    """What a holder's own resources call the programs; None where it has none and uses those of others."""
    resources = holder.get("/Resources")
    if not isinstance(resources, pikepdf.Dictionary):
        return None
    objects = resources.get("/XObject")
    if not isinstance(objects, pikepdf.Dictionary):
        return set()
    return {name.encode() for name, value in _items(objects) if value.objgen in programs}


def _contents(holder: Any) -> Iterator[pikepdf.Object]:
    """The streams painted with a holder's resources: of a page, a form or pattern, a font's glyphs."""
    if isinstance(holder, pikepdf.Stream):
        if holder.get("/Subtype") == "/Form" or "/PatternType" in holder:
            yield holder
        return
    for key in ("/Contents", "/CharProcs"):
        given = holder.get(key)
        if isinstance(given, pikepdf.Stream):
            yield given
        elif isinstance(given, pikepdf.Array):
            yield from (each for each in given if isinstance(each, pikepdf.Stream))
        elif isinstance(given, pikepdf.Dictionary):
            yield from (each for _, each in _items(given) if isinstance(each, pikepdf.Stream))


def _drawn_directly(holder: Any, programs: set[Number]) -> bool:
    drawn = [holder.get("/G")] if holder.get("/S") in ("/Alpha", "/Luminosity") else []
    appearances = holder.get("/AP")
    if isinstance(appearances, pikepdf.Dictionary):
        states = [value for _, value in _items(appearances)]
        drawn += states
        for state in states:
            if isinstance(state, pikepdf.Dictionary):
                drawn += [value for _, value in _items(state)]
    return any(isinstance(each, pikepdf.Stream) and each.objgen in programs for each in drawn)


def _items(dictionary: pikepdf.Object) -> Iterator[tuple[str, pikepdf.Object]]:
    entries: Mapping[str, Any] = dict(dictionary.items())
    return ((name, value) for name, value in entries.items() if isinstance(value, pikepdf.Object))


def _painted(content: bytes) -> set[bytes]:
    return {found[1] for found in _PAINTED.finditer(unescaped(content))}
