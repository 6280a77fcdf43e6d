"""The examples of docs/api.md: how they are read, and how what they show is compared with what is answered.

An example is a block ```http: a request, an empty line, and the answer from its status line on. `$NAME` is
what the test knows; in what is shown `…` stands for anything, and a member or item `…` for further ones.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MORE = "…"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ANSWER = re.compile(r"^HTTP/1\.1 ([0-9]{3}) [A-Z][A-Za-z ]+$", re.MULTILINE)
# what differs from one server to the next, by its form; the first that fits counts
_FORMS = (
    (r"http://127\.0\.0\.1:[0-9]+", "origin"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "uuid"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})", "instant"),
    (r"\b[0-2](\.(0|[1-9][0-9]*)){3,}\b", "uid"),
    (r"\b([0-9a-f]{64}|[0-9a-f]{16})\b", "hexadecimal"),
    (r"\b[0-9]{10}\b", "seconds"),
    (r"[A-Za-z0-9_-]{43,}", "base64url"),
)
MOVING = frozenset({"at", "expires", "issued", "next_before", "seq", "since", "size", "until"})
"""Members whose numbers are times, positions or sizes."""


@dataclass(frozen=True, slots=True)
class Example:
    """`heading`: of the section it stands in. Headers in the order shown; bodies as text, "" for none."""

    heading: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str
    status: int
    shown_headers: tuple[tuple[str, str], ...]
    shown_body: str


def headings(page: Path) -> list[str]:
    return _HEADING.findall(page.read_text("utf-8"))


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Heading, language and text of every block."""
    text = page.read_text("utf-8")
    for block in _BLOCK.finditer(text):
        above = [heading[1] for heading in _HEADING.finditer(text, 0, block.start())]
        yield above[-1], block[1], block[2]


def read_examples(page: Path) -> list[Example]:
    """Raises `ValueError` for a block that is none."""
    return [_read(heading, text) for heading, language, text in blocks(page) if language == "http"]


def _read(heading: str, text: str) -> Example:
    answer = _ANSWER.search(text)
    if answer is None:
        raise ValueError(f"an example under {heading} shows no answer")
    first, headers, body = _message(text[: answer.start()])
    method, _, path = first.partition(" ")
    _, shown_headers, shown_body = _message(text[answer.start() :])
    return Example(heading, method, path, headers, body, int(answer[1]), shown_headers, shown_body)


def _message(text: str) -> tuple[str, tuple[tuple[str, str], ...], str]:
    head, _, body = text.strip("\n").partition("\n\n")
    first, *lines = head.splitlines()
    pairs = (line.partition(": ") for line in lines)
    return first, tuple((name, value) for name, _, value in pairs), body.strip("\n")


def differences(shown: object, answered: object, place: str = "body") -> Iterator[str]:
    """Where the answer has another form than what is shown."""
    if isinstance(shown, dict) and isinstance(answered, dict):
        yield from _members(shown, answered, place)
    elif isinstance(shown, list) and isinstance(answered, list):
        yield from _items(shown, answered, place)
    elif isinstance(shown, str) and isinstance(answered, str):
        if not _alike(shown, answered):
            yield f"{place}: {shown!r} is shown, {answered!r} answered"
    elif type(shown) is not type(answered) or (shown != answered and place.rpartition(".")[2] not in MOVING):
        yield f"{place}: {shown!r} is shown, {answered!r} answered"


def _members(shown: dict[str, object], answered: dict[str, object], place: str) -> Iterator[str]:
    """Members that are named by an id count by its form: the last of them is compared."""
    wanted = {_form(name): value for name, value in shown.items() if name != MORE}
    found = {_form(name): value for name, value in answered.items()}
    yield from (f"{place}.{name}: shown and not answered" for name in sorted(wanted.keys() - found.keys()))
    if MORE not in shown:
        yield from (
            f"{place}.{name}: answered and not shown" for name in sorted(found.keys() - wanted.keys())
        )
    for name in wanted.keys() & found.keys():
        yield from differences(wanted[name], found[name], f"{place}.{name}")


def _items(shown: list[object], answered: list[object], place: str) -> Iterator[str]:
    wanted = shown[:-1] if shown[-1:] == [MORE] else shown
    if len(answered) < len(wanted) or (wanted == shown and len(answered) != len(shown)):
        yield f"{place}: {len(shown)} items are shown, {len(answered)} answered"
    for number, (one, other) in enumerate(zip(wanted, answered, strict=False)):
        yield from differences(one, other, f"{place}.{number}")


def _alike(shown: str, answered: str) -> bool:
    """What stands beside `…` without a space is part of what was left out."""
    parts = re.split(rf"[\w+/=-]*{MORE}[\w+/=-]*", shown)
    pattern = ".*".join(re.escape(_form(part)) for part in parts)
    return re.fullmatch(pattern, _form(answered), re.DOTALL) is not None


def _form(text: str) -> str:
    for pattern, name in _FORMS:
        text = re.sub(pattern, f"<{name}>", text)
    return text


def parsed(text: str) -> object:
    """A body as JSON where it is JSON, else its lines."""
    try:
        found: object = json.loads(text)
    except ValueError:
        return text.splitlines()
    return found
