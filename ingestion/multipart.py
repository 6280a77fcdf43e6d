"""A `multipart/related` body fed piece by piece into a deposit (RFC 2387, PS3.18 section 8.6).

Only the framing is read. The body of a part goes straight into the seal, in the pieces the network gave.
"""

from email.message import Message
from email.utils import collapse_rfc2231_value

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from ingestion.reception import Deposit
from records.errors import Invalid

MOST_HEADER_BYTES = 8 * 1024  # a line
MOST_HEADERS = 16
LONGEST_BOUNDARY = 70  # RFC 2046 section 5.1.1


def media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """Read a Content-Type header: lower-case type, parameters by lower-case name."""
    message = Message()
    message["content-type"] = content_type
    parameters = dict(message.get_params(failobj=[], unquote=True)[1:])
    # an extended parameter (RFC 2231) comes as charset, language and text
    found = {name.lower(): collapse_rfc2231_value(value) for name, value in parameters.items()}
    return message.get_content_type(), found


def boundary_of(content_type: str) -> bytes:
    """The boundary of a multipart/related request. Raises `Invalid` "bad_content_type" or "bad_boundary"."""
    kind, parameters = media_type(content_type)
    if kind != "multipart/related":
        raise Invalid(
            'Send Content-Type: multipart/related; type="application/dicom"; boundary=…',
            code="bad_content_type",
        )
    boundary = parameters.get("boundary", "")
    if not 1 <= len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii():
        raise Invalid(
            "Name the boundary in the Content-Type header, at most 70 characters.", code="bad_boundary"
        )
    return boundary.encode("ascii")


class PartReader:
    """Feeds a deposit from a multipart body; `finish` tells whether the closing boundary came."""

    def __init__(self, boundary: bytes, deposit: Deposit, accepted: frozenset[str]) -> None:
        self._deposit = deposit
        self._accepted = accepted
        self._header: list[bytes] = [b"", b""]
        self._content_type = ""
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._deposit.end_part,
                "on_end": self._end,
            },
            max_header_count=MOST_HEADERS,
            max_header_size=MOST_HEADER_BYTES,
        )

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body. Raises `Invalid` "bad_multipart" where the framing is broken."""
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise Invalid(
                "The body doesn't follow its boundary: check the boundary of the Content-Type header.",
                code="bad_multipart",
            ) from None

    def finish(self) -> None:
        """Raises `Invalid` "truncated_body" unless the closing boundary was read."""
        if not self._ended:
            raise Invalid(
                "The body ended before its closing boundary: nothing was deposited, send it again.",
                code="truncated_body",
            )

    def _part_begin(self) -> None:
        self._content_type = ""
        self._deposit.start_part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-type":
            self._content_type = value.decode("latin-1")
        self._header = [b"", b""]

    def _headers_finished(self) -> None:
        kind = media_type(self._content_type)[0] if self._content_type else "application/dicom"
        if kind not in self._accepted:
            raise Invalid(
                f"A part is of type {kind}; send parts of type {', '.join(sorted(self._accepted))}.",
                code="bad_part_type",
            )

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._deposit.write(memoryview(data)[start:end])

    def _end(self) -> None:
        self._ended = True
