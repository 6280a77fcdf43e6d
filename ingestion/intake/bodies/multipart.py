"""A body fed piece by piece into a deposit: one part, or `multipart/related` (RFC 2387, PS3.18 §8.6).

Only the framing is read. The body of a part goes straight into the seal, in the pieces the network gave.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Protocol

from ingestion.envelope import Described
from ingestion.intake.bodies.framing import Framing, NotFramed
from ingestion.intake.bodies.part_headers import read_part_headers
from ingestion.intake.reception import Deposit
from records.errors import Invalid

LONGEST_BOUNDARY = 256  # RFC 2046 section 5.1.1 has 70, and Orthanc sends 73
# UTF-16 is told by its byte order mark, whatever stands here (`content/byte_order.py`)
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "utf-16"})
LONGEST_LOCATION, LONGEST_SYNTAX = 2048, 64
LARGEST_METADATA = 32 * 2**20  # of one request; parsed whole, unlike bulk data


class BodyReader(Protocol):
    """Takes a body in pieces; `finish` once it is over, which raises `Invalid` where it isn't whole."""

    def feed(self, data: bytes) -> None: ...

    def finish(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Accepted:
    """Media types of parts. Those of a `metadata` type are bounded; with such, all parts are described."""

    plain: frozenset[str]
    metadata: frozenset[str] = frozenset()

    def check(self, kind: str) -> None:
        """Raises `Invalid` "bad_part_type"."""
        if kind not in self.plain | self.metadata:
            raise Invalid(
                "A part is of a type that this request can't hold; send parts of type "
                f"{', '.join(sorted(self.plain | self.metadata))}.",
                code="bad_part_type",
            )


def media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Read a Content-Type header: lower-case type, parameters by lower-case name.

    Raises `Invalid` "bad_content_type" for a parameter given twice, or JSON that is not UTF-8.
    """
    message = Message()
    message["content-type"] = content_type
    # an extended parameter (RFC 2231) comes as charset, language and text
    parameters = [
        (name.lower(), collapse_rfc2231_value(value))
        for name, value in message.get_params(failobj=[], unquote=True)[1:]
    ]
    found = dict(parameters)
    if len(found) != len(parameters):
        raise Invalid("Content-Type gives a parameter twice: give it once.", code="bad_content_type")
    if found.get("charset", "utf-8").lower() not in _CHARSETS and message.get_content_subtype().endswith(
        "json"
    ):
        raise Invalid("Metadata in JSON is UTF-8 (RFC 8259 section 8.1).", code="bad_content_type")
    return message.get_content_type(), found


def boundary_of(parameters: Mapping[str, str]) -> bytes:
    """The boundary of a multipart request. Raises `Invalid` "bad_boundary"."""
    boundary = parameters.get("boundary", "")
    if not 1 <= len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii() or not boundary.isprintable():
        raise Invalid(
            "Name the boundary in the Content-Type header, at most 256 characters.", code="bad_boundary"
        )
    return boundary.encode("ascii")


class PartSink:
    """The parts of one request on their way into a deposit, whatever framed them."""

    def __init__(self, deposit: Deposit, accepted: Accepted) -> None:
        self._deposit = deposit
        self._accepted = accepted
        self._bounded = False
        self._metadata = 0

    def start(self, content_type: str, location: str = "") -> None:
        """Begin a part. Raises `Invalid` "bad_part_type", "bad_part_header" or "too_many_parts"."""
        kind, parameters = media_type(content_type)
        self._accepted.check(kind)
        self._bounded = kind in self._accepted.metadata
        if not self._accepted.metadata:
            self._deposit.start_part()
            return
        syntax = parameters.get("transfer-syntax", "")
        if len(location) > LONGEST_LOCATION or len(syntax) > LONGEST_SYNTAX:
            raise Invalid("A header of a part is too long.", code="bad_part_header")
        self._deposit.start_part(Described(kind, syntax, location))

    def write(self, data: memoryview) -> None:
        """Raises `Invalid` "too_large" for metadata beyond what is parsed."""
        if self._bounded:
            self._metadata += len(data)
            if self._metadata > LARGEST_METADATA:
                raise Invalid(
                    "Metadata has at most 32 MiB in one request: send it in several, values as bulk data.",
                    code="too_large",
                )
        self._deposit.write(data)

    def end(self) -> None:
        self._deposit.end_part()


class WholeBody:
    """A body that is one part."""

    def __init__(self, sink: PartSink, content_type: str) -> None:
        self._sink = sink
        self._content_type = content_type
        self._started = False

    def feed(self, data: bytes) -> None:
        if not data:
            return
        if not self._started:
            self._sink.start(self._content_type)
            self._started = True
        self._sink.write(memoryview(data))

    def finish(self) -> None:
        """An empty body is no part: the deposit says so."""
        if self._started:
            self._sink.end()


class PartReader:
    """Feeds a deposit from a multipart body; `finish` tells whether the closing boundary came."""

    def __init__(self, boundary: bytes, sink: PartSink) -> None:
        self._sink = sink
        self._framing = Framing(boundary, self._begin, sink.write, sink.end)

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body. Raises `Invalid` "bad_multipart" where the framing is broken."""
        try:
            self._framing.feed(data)
        except NotFramed:
            raise _broken() from None

    def finish(self) -> None:
        """Raises `Invalid` "truncated_body" unless the closing boundary was read."""
        try:
            ended = self._framing.finish()
        except NotFramed:
            raise _broken() from None
        if not ended:
            raise Invalid(
                "The body ended before its closing boundary: nothing was deposited, send it again.",
                code="truncated_body",
            )

    def _begin(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        found = read_part_headers((name.decode("latin-1"), text.decode("latin-1")) for name, text in headers)
        content_type = found.get("content-type") or "application/dicom"
        self._sink.start(content_type, found.get("content-location", ""))


def _broken() -> Invalid:
    return Invalid(
        "The body doesn't follow its boundary: check the boundary of the Content-Type header, "
        "and that lines end with CR LF.",
        code="bad_multipart",
    )
