"""A request body in gzip (RFC 1952), expanded on its way in: bounded memory, bounded expansion."""

import zlib

from ingestion.intake.bodies.multipart import BodyReader
from records.errors import Invalid

PIECE = 1 << 20  # bytes handed on at once, however much they expand
LARGEST_RATIO = 100  # images seldom reach 10; blank ones stay below the free part
FREE = 64 << 20  # bytes that may be expanded before the ratio counts


class GzipBody:
    """Expands what it is fed and feeds it on. Any number of gzip members may follow each other."""

    def __init__(self, inner: BodyReader) -> None:
        self._inner = inner
        self._taken = self._given = 0
        self._member = _member()
        self._begun = False

    def feed(self, data: bytes) -> None:
        """Raises `Invalid` "bad_gzip" or "inflates_too_much", and what the inner reader raises."""
        self._taken += len(data)
        while data:
            self._begun = True
            data = self._expand(data)
            if self._member.eof:
                data = self._member.unused_data
                self._member, self._begun = _member(), False

    def _expand(self, data: bytes) -> bytes:
        """Hand on one piece; what is left of `data`."""
        try:
            piece = self._member.decompress(data, PIECE)
        except zlib.error:
            raise _bad("The body isn't the gzip that Content-Encoding says. Nothing was deposited.") from None
        self._given += len(piece)
        if self._given > FREE and self._given > LARGEST_RATIO * self._taken:
            raise Invalid(
                "The body expands too much: send it without Content-Encoding.", code="inflates_too_much"
            )
        self._inner.feed(piece)
        return self._member.unconsumed_tail

    def finish(self) -> None:
        """Raises `Invalid` "bad_gzip" where the last member isn't whole."""
        while self._begun:
            # the expander may hold back output although all input is taken
            piece = self._member.decompress(b"", PIECE)
            if not piece:
                raise _bad("The gzip body ends too early: nothing was deposited, send it again.")
            self._inner.feed(piece)
            self._begun = not self._member.eof
        self._inner.finish()


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=31)


def _bad(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_gzip")
