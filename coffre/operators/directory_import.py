"""Import a file of the public directory: names, and who exercises where."""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from records.errors import Conflict, Invalid
from records.people.directory import DirectoryEntry
from records.people.directory_file import BadLine, entries
from storage.ports.index_parts import KeptDirectory

AT_ONCE = 1000
MOST_TOLD = 100
"""Bad lines that are told one by one; all are counted."""
FEWER_BY = 10
"""A file that lacks one exercise in so many of those known was probably cut."""
_CHUNK = 1 << 20
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(slots=True)
class Imported:
    """What an import did. `ended`: exercises that the file has no more."""

    lines: int = 0
    bad: int = 0
    exercises: int = 0
    ended: int = 0
    told: list[BadLine] = field(default_factory=list)


def import_directory(
    index: KeptDirectory,
    file: Path,
    at: int,
    *,
    partial: bool = False,
    accept_fewer: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Imports `file` as of `at` (ms). Unless it is `partial`, exercises that it doesn't have end.

    Bad lines are told and left; the rest goes on. A run that was stopped is repeated: what it wrote stays
    and nothing has ended yet. Raises Invalid `bad_encoding` and `bad_directory_file` before anything is
    written, Conflict `directory_cut` where the file has far fewer exercises than are known: then nothing
    ends.
    """
    check_encoding(file)
    before = index.count_exercises()
    done = Imported()
    found = _read(file, done)
    while batch := list(islice(found, AT_ONCE)):
        index.put_directory(batch, at)
        progress(done.lines)
    done.exercises = index.count_exercises(seen_at=at)
    if not partial:
        if not accept_fewer and done.exercises * FEWER_BY < before * (FEWER_BY - 1):
            raise Conflict(
                f"The file has {done.exercises} exercises where {before} are known: was it cut? Names were "
                "imported, nothing was ended. Fetch it again, or say --accept-fewer.",
                code="directory_cut",
            )
        done.ended = index.end_exercises(at)
    return done


def check_encoding(file: Path) -> None:
    """Raises Invalid `bad_encoding` unless the whole file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as found:
        first = found.read(_CHUNK)
        if first.startswith(_WIDE):
            raise _bad_encoding("UTF-16")
        try:
            decoder.decode(first)
            while chunk := found.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise _bad_encoding("WINDOWS-1252") from None


def _read(file: Path, done: Imported) -> Iterator[DirectoryEntry]:
    with file.open(encoding="utf-8-sig", newline="\n") as lines:
        for each in entries(lines):
            done.lines += 1
            if isinstance(each, BadLine):
                done.bad += 1
                done.told.extend([each][: MOST_TOLD - len(done.told)])
            else:
                yield each


def _bad_encoding(probably: str) -> Invalid:
    return Invalid(
        f"The file is not UTF-8, probably {probably}: iconv -f {probably} -t UTF-8 FILE > NEW converts it. "
        "Nothing was imported.",
        code="bad_encoding",
    )
