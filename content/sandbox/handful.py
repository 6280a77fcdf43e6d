"""Several files in one message to a child, which answers about as many of them as it came to.

To the child's parent a handful is one object, its files one after another: what the child asks for is a range
of one of them.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from content.byte_source import BLOCK
from content.limits import Limits
from content.sandbox.job import Child, Job, Kind, Read
from content.sandbox.wire import HANDFUL, LARGEST_READ, WireViolation, unframed

MOST_FILES = LARGEST_READ // BLOCK
"""In one message, since the first block of each goes along."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to examine: `size` bytes behind `read(offset, length)`; `options` as of `Sandbox.inspect`."""

    size: int
    read: Read = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)


class Handful:
    """Some files of one kind, at least one and at most `MOST_FILES`."""

    def __init__(self, kind: Kind, files: Sequence[File]) -> None:
        self._kind = kind
        self._files = files
        *self._starts, self._size = accumulate((file.size for file in files), initial=0)

    def run(self, child: Child, limits: Limits) -> list[bytes]:
        """The child's answers, unchecked, one for each of the first few files. Raises as `Job.run` does."""
        options = {
            "kind": self._kind,
            "sizes": [file.size for file in self._files],
            "options": [dict(file.options) for file in self._files],
        }
        heads = [
            (start, min(file.size, BLOCK)) for start, file in zip(self._starts, self._files, strict=True)
        ]
        answers = unframed(Job(child, self._size, self._read, limits).run(HANDFUL, options, heads))
        if not 0 < len(answers) <= len(self._files):
            raise WireViolation
        return answers

    def _read(self, offset: int, length: int) -> bytes:
        at = bisect_right(self._starts, offset) - 1
        file, inside = self._files[at], offset - self._starts[at]
        if inside + length > file.size:  # of a range across two files no child has need
            raise WireViolation
        return file.read(inside, length)
