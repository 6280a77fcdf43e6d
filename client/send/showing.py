"""The sender's display: a bar while it works, lines, JSON whole or line by line. Names are never raw."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.text import Text

from client.send.delivery import Watch
from client.send.verdicts import HARMLESS, KEPT, FileVerdict, Outcome
from client.terminal import shown
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS
from records.vocabulary.person_warnings import PERSON_WARNINGS

MOST_ROWS = 100
"""Files up to which the kept ones are listed, too."""


def summary(verdicts: Sequence[FileVerdict]) -> dict[str, int]:
    """The number of files of each outcome, those with none left out."""
    counts = Counter(one.outcome for one in verdicts)
    return {outcome.value: counts[outcome] for outcome in Outcome if counts[outcome]}


def print_json(verdicts: Sequence[FileVerdict]) -> None:
    print(json.dumps({"files": [one.to_json() for one in verdicts], "summary": summary(verdicts)}, indent=2))


def print_line(members: dict[str, Any]) -> None:
    print(json.dumps(members), flush=True)


def say(code: str, sentence: str) -> None:
    """Beside the verdicts, which standard output is for."""
    sys.stderr.write(f"{code}: {sentence}\n")


def print_verdicts(verdicts: Sequence[FileVerdict]) -> None:
    """What is well, a line per file; then how many of each; at the end what is to be read or mended."""
    console = Console()
    well = [one for one in verdicts if one.outcome in HARMLESS]
    listed = [one for one in well if len(verdicts) <= MOST_ROWS or one.outcome not in KEPT]
    for one in listed:
        _print(console, f"{_name(one)}  {one.outcome.value}")
    if len(listed) < len(well):
        _print(console, f"{len(well) - len(listed)} files that are kept are not listed; --json lists all.")
    _print(console, ", ".join(f"{count} {name}" for name, count in summary(verdicts).items()))
    remarks = [one for one in well if _reason(one) and not _cautioned(one)]
    _print_grouped(console, remarks, "dim", names=len(listed) == len(well))
    _print_grouped(console, [one for one in well if _cautioned(one)], "yellow", names=True)
    _print_grouped(console, [one for one in verdicts if one.outcome not in HARMLESS], "red", names=True)


def _print_grouped(console: Console, files: Sequence[FileVerdict], colour: str, *, names: bool) -> None:
    """By outcome with reason, then by the folder or archive where they lie; names are never cut."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in files:
        folder, name = _folder_and_name(one)
        reason = f"{one.outcome.value} · {_reason(one)}" if _reason(one) else one.outcome.value
        found.setdefault(reason, {}).setdefault(shown(folder), []).append(shown(name))
    for reason, folders in found.items():
        _print(console, f"\n{reason}", colour)
        for folder, there in folders.items():
            _print(console, f"  {len(there)} in {folder}")
            for name in there if names else ():
                _print(console, f"    {name}")


def _print(console: Console, line: str, style: str = "") -> None:
    """Not as markup, and never folded by us: a name is copied whole."""
    console.print(Text(line, style), soft_wrap=True)


def _folder_and_name(one: FileVerdict) -> tuple[str, str]:
    """An archive counts as the folder of its members."""
    if one.member:
        return one.path, one.member
    path = PurePath(one.path)
    return str(path.parent), path.name


def _name(one: FileVerdict) -> str:
    return shown(f"{one.path} › {one.member}" if one.member else one.path)


def _cautioned(one: FileVerdict) -> bool:
    """Whether it was kept with a warning about whose content it is."""
    return one.outcome in KEPT and one.code in {*PERSON_WARNINGS, *IDENTIFIER_WARNINGS}


def _reason(one: FileVerdict) -> str:
    if one.code in ("", one.outcome.value):
        return ""
    return f"{one.code}: {one.reason}"


class Bar:
    """The bar on the terminal: files, bytes, verdicts so far."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._counts: Counter[Outcome] = Counter()
        self._task: TaskID | None = None
        self._looking = progress.add_task("looking", total=None, files="", verdicts="")

    def found(self, count: int) -> None:
        self._progress.update(self._looking, files=f"{count} files")

    def start(self, files: int, size: int) -> None:
        """The looking is over."""
        self._progress.remove_task(self._looking)
        self._files = files
        self._task = self._progress.add_task("sending", total=size, files=f"0/{files}", verdicts="")

    def moved(self, count: int) -> None:
        if self._task is not None:
            self._progress.advance(self._task, count)

    def judged(self, verdicts: Sequence[FileVerdict]) -> None:
        if self._task is None:
            return
        self._counts.update(one.outcome for one in verdicts)
        told = ", ".join(f"{self._counts[one]} {one.value}" for one in Outcome if self._counts[one])
        files = f"{self._counts.total()}/{self._files} files"
        self._progress.update(self._task, files=files, verdicts=told)


@contextmanager
def bar() -> Iterator[Bar]:
    """A bar on standard error, where that is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        *(BarColumn(), TextColumn("{task.fields[files]}"), DownloadColumn(), TransferSpeedColumn()),
        TextColumn("{task.fields[verdicts]}"),
    )
    progress = Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
    )
    with progress:
        yield Bar(progress)


def watch(shown_on: Bar, lines: bool) -> Watch:
    """Moves the bar; `lines` prints each verdict as JSON when it comes."""
    if not lines:
        return Watch(shown_on.moved, shown_on.judged)

    def judged(verdicts: Sequence[FileVerdict]) -> None:
        for one in verdicts:
            print_line(one.to_json())
        shown_on.judged(verdicts)

    return Watch(shown_on.moved, judged)
