"""A book's commands, typed in their order into one shell, as a person at the machine would."""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

MARK = "the command before has ended"


@dataclass(frozen=True, slots=True)
class Typed:
    code: int
    told: str


class Shell:
    """A bash that stays: variables that are exported hold for what comes after. `env` is all that it has."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - see __exit__
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._bash.stdin is not None and self._bash.stdout is not None
        self._bash.stdin.close()
        self._bash.wait(60)
        self._bash.stdout.close()
        self._errors.close()

    def type(self, line: str) -> Typed:
        """What the line told, errors last, and how it ended. Whoever types it says yes where it asks."""
        assert self._bash.stdin is not None and self._bash.stdout is not None
        before = self._errors.seek(0, 2)
        answered = line if " < " in line or not line.startswith("coffre ") else f"{line} <<< y"
        self._bash.stdin.write(f"{answered}\nprintf '\\n%s\\n' \"{MARK} $?\"\n")
        self._bash.stdin.flush()
        told = []
        for read in self._bash.stdout:
            if read.startswith(MARK):
                self._errors.seek(before)
                return Typed(int(read.split()[-1]), "".join(told) + self._errors.read())
            told.append(read)
        raise AssertionError(f"the shell ended: {line}")


def lines(page: str) -> Iterator[str]:
    """What is typed: indented lines that stand alone between paragraphs, in the page's order."""
    for block in re.findall(r"(?<=\n\n)(?: {4}\S.*\n)+", page):
        yield from (line.strip() for line in block.splitlines())


def filled(line: str, words: Mapping[str, str]) -> str:
    """With what the page leaves to its reader, and its places."""
    for name, value in words.items():
        edge = r"\b" if name.isalpha() else ""
        line = re.sub(f"{edge}{re.escape(name)}{edge}", lambda _, value=value: value, line)  # type: ignore[misc]
    return line
