"""Read the framing of a multipart body (RFC 2046 section 5.1), in pieces of any size as they come.

Lines of the framing end with CR LF (RFC 2046 section 4.1.1); a body that ends them otherwise is refused,
since a lone LF could as well be content. White space behind a boundary is transport padding, a header may go
on in lines that begin with white space (RFC 822 section 3.1.1). What only begins like a boundary is content.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto

MOST_HEADER_BYTES = 8 * 1024  # a header, folded lines included
MOST_HEADERS = 16
LARGEST_PREAMBLE = 64 * 1024
MOST_PADDING = 256
_CRLF = b"\r\n"
_BEHIND_BOUNDARY = re.compile(rb"(--)|([ \t]*)(\r\n)?")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\0\r\n]*)")
Headers = Sequence[tuple[bytes, bytes]]
"""Of a part, in order; names in lower case. One may come twice."""


class NotFramed(Exception):  # noqa: N818
    """The body doesn't follow its boundary."""


class _Place(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    CONTENT = auto()
    EPILOGUE = auto()


class Framing:
    """Tells of parts: `begin` with headers in order, names in lower case, `content` in pieces, `end`."""

    def __init__(
        self,
        boundary: bytes,
        begin: Callable[[Headers], None],
        content: Callable[[memoryview], None],
        end: Callable[[], None],
    ) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._begin, self._content, self._end = begin, content, end
        self._held = _CRLF  # a delimiter begins with the end of the line before it, and so may a body
        self._at = 0  # what is before, is done with
        self._skipped = len(_CRLF)  # bytes from there on that are no content
        self._preamble = 0
        self._headers: list[bytes] = []
        self._place = _Place.PREAMBLE
        self._steps: dict[_Place, Callable[[], bool]] = {
            _Place.PREAMBLE: lambda: self._pass_to_delimiter(self._ignore),
            _Place.HEADERS: self._read_header,
            _Place.CONTENT: lambda: self._pass_to_delimiter(self._give),
            _Place.EPILOGUE: lambda: False,  # to be ignored (RFC 2046 section 5.1.1)
        }

    def feed(self, data: bytes) -> None:
        """Raises `NotFramed`, and what is raised by those who are told."""
        self._held = self._held[self._at :] + data
        self._at = 0
        while self._steps[self._place]():
            pass
        if self._place is _Place.EPILOGUE:
            self._at = len(self._held)

    def finish(self) -> bool:
        """Whether the closing boundary came. Raises `NotFramed` where none came at all."""
        if self._place is _Place.PREAMBLE and self._preamble + len(self._held) - self._at > self._skipped:
            raise NotFramed
        return self._place is _Place.EPILOGUE

    def _take(self, end: int) -> memoryview:
        taken, self._at = memoryview(self._held)[self._at : end], end
        return taken

    def _ignore(self, data: memoryview) -> None:
        """What stands before the first boundary is to be ignored (RFC 2046 section 5.1.1)."""
        self._preamble += len(data)
        if self._preamble > LARGEST_PREAMBLE:
            raise NotFramed

    def _give(self, data: memoryview) -> None:
        if len(data) > self._skipped:
            self._content(data[self._skipped :])
        self._skipped = max(0, self._skipped - len(data))

    def _pass_to_delimiter(self, take: Callable[[memoryview], None]) -> bool:
        """One step: hand on what is surely no delimiter; False where more of the body is needed."""
        start = self._held.find(self._delimiter, self._at)
        if start < 0:
            take(self._take(max(self._at, len(self._held) - len(self._delimiter) + 1)))
            return False
        behind = start + len(self._delimiter)
        found = _BEHIND_BOUNDARY.match(self._held, behind, behind + MOST_PADDING)
        assert found is not None  # it matches nothing, too
        if found[1] or found[3]:
            take(self._take(start))
            self._at = found.end()
            self._follow(last=bool(found[1]))
            return True
        rest = self._held[found.end() : found.end() + 2]
        may_be = rest in (b"", b"\r") or (rest == b"-" and not found[2])
        take(self._take(start if may_be else start + len(_CRLF)))
        return not may_be

    def _follow(self, *, last: bool) -> None:
        if self._place is _Place.CONTENT:
            self._end()
        self._place = _Place.EPILOGUE if last else _Place.HEADERS

    def _read_header(self) -> bool:
        end = self._held.find(_CRLF, self._at)
        if (end if end >= 0 else len(self._held) - 1) - self._at > MOST_HEADER_BYTES:
            raise NotFramed
        if end < 0:
            return False
        if end > self._at:
            self._keep(bytes(self._take(end)))
            self._at += len(_CRLF)
            return True
        # the end of this line may be the one that a delimiter begins with: such a part is empty
        headers = [_parsed(header) for header in self._headers]
        self._headers, self._skipped, self._place = [], len(_CRLF), _Place.CONTENT
        self._begin(headers)
        return True

    def _keep(self, line: bytes) -> None:
        if line[:1] in (b" ", b"\t"):
            if not self._headers:
                raise NotFramed
            self._headers[-1] += b" " + line.strip(b" \t")
        else:
            self._headers.append(line)
        if len(self._headers) > MOST_HEADERS or len(self._headers[-1]) > MOST_HEADER_BYTES:
            raise NotFramed


def _parsed(header: bytes) -> tuple[bytes, bytes]:
    found = _HEADER.fullmatch(header)
    if found is None:
        raise NotFramed
    return found[1].lower(), found[2].strip(b" \t")
