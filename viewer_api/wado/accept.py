"""Media types that a client accepts: `Accept` of the request, or `accept` in its query, which comes first.

RFC 9110 section 12.5.1, with the parameters that DICOMweb gives its media types (PS3.18 section 8.7): `type`,
quoted or not, and `transfer-syntax`, which may be `*`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from records.errors import Invalid

MOST_RANGES = 64
ANY_SYNTAX = "*"
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# a bare value of `type` has a slash, which RFC 9110 would have quoted; viewers send it as it is
_PARAMETER = re.compile(rf'\s*;\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))')
_RANGE = re.compile(rf"\s*({_WORD})/({_WORD})")
_END = re.compile(r"\s*(?:;\s*)?(?:,|$)")
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_RELATED = "multipart/related"


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One media range, in lower case, `*` for any; `weight` between 0 and 1."""

    media_type: str
    parameters: Mapping[str, str]
    weight: float = 1.0

    @property
    def precision(self) -> int:
        """How much it says: of several ranges that fit, the one that says most has the word (RFC 9110)."""
        return 2 - self.media_type.count("*") + len(self.parameters)


EVERYTHING = (MediaRange("*/*", {}),)


@dataclass(frozen=True, slots=True)
class Offer:
    """One form in which an answer can be given. `transfer_syntax` is None where the form has none.

    `stored` marks bytes as they were deposited.
    """

    media_type: str
    transfer_syntax: str | None = None
    multipart: bool = False
    stored: bool = False


class NotAcceptable(Invalid):
    """None of the accepted forms can be given; the sentence names those that can."""

    code = "not_acceptable"

    def __init__(self, offers: Iterable[Offer]) -> None:
        forms = ", ".join(dict.fromkeys(map(_named, offers)))
        super().__init__(f"None of the accepted media types can be given. There are: {forms}.")


def accepted(query: Sequence[str], header: Sequence[str]) -> tuple[MediaRange, ...]:
    """The media ranges of `accept` in the query, else of the header; neither: everything.

    Raises `Invalid` "bad_accept".
    """
    given = [text for text in query if text.strip()] or [text for text in header if text.strip()]
    ranges = tuple(each for text in given for each in _ranges(text))
    if len(ranges) > MOST_RANGES:
        raise _bad()
    return ranges or EVERYTHING


def choose(ranges: Sequence[MediaRange], offers: Sequence[Offer]) -> Offer:
    """The offer that is accepted most; of equals the first. Raises `NotAcceptable`."""
    best = max(offers, key=lambda offer: _weight(ranges, offer))  # max keeps the first of equals
    if _weight(ranges, best) <= 0:
        raise NotAcceptable(offers)
    return best


def _weight(ranges: Sequence[MediaRange], offer: Offer) -> float:
    fitting = [each for each in ranges if _fits(each, offer)]
    return max(fitting, key=lambda each: (each.precision, each.weight)).weight if fitting else 0.0


def _fits(asked: MediaRange, offer: Offer) -> bool:
    if not offer.multipart:
        return _covers(asked.media_type, offer.media_type) and _syntax_fits(asked, offer)
    if not _covers(asked.media_type, _RELATED):
        return False
    inner = asked.parameters.get("type", "*/*")
    if offer.stored and asked.parameters.get("transfer-syntax") == ANY_SYNTAX:
        # PS3.18 gives compressed frames types of their own; viewers that want them as stored still say
        # octet-stream
        inner = "*/*" if inner == "application/octet-stream" else inner
    return _covers(inner, offer.media_type) and _syntax_fits(asked, offer)


def _syntax_fits(asked: MediaRange, offer: Offer) -> bool:
    syntax = asked.parameters.get("transfer-syntax", ANY_SYNTAX)
    return syntax in (ANY_SYNTAX, offer.transfer_syntax)


def _covers(asked: str, offered: str) -> bool:
    kind, _, subtype = asked.partition("/")
    offered_kind, _, offered_subtype = offered.partition("/")
    return kind in ("*", offered_kind) and subtype in ("*", offered_subtype)


def _ranges(text: str) -> Iterator[MediaRange]:
    at = 0
    while at < len(text):
        if (empty := re.compile(r"\s*(?:,|$)").match(text, at)) is not None:  # RFC 9110 section 5.6.1.2
            at = empty.end()
            continue
        found = _RANGE.match(text, at)
        if found is None or (found[1] == "*" and found[2] != "*"):
            raise _bad()
        parameters, at = _parameters(text, found.end())
        weight = parameters.pop("q", "1")
        if _WEIGHT.fullmatch(weight) is None:
            raise _bad()
        yield MediaRange(f"{found[1]}/{found[2]}".lower(), parameters, float(weight))


def _parameters(text: str, at: int) -> tuple[dict[str, str], int]:
    """The parameters that begin here, `type` in lower case; and where the next range begins."""
    found: dict[str, str] = {}
    while (match := _PARAMETER.match(text, at)) is not None:
        name, quoted, bare = match[1].lower(), match[2], match[3]
        value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        found[name] = value.lower() if name == "type" else value
        at = match.end()
    end = _END.match(text, at)
    if end is None:
        raise _bad()
    return found, end.end()


def _named(offer: Offer) -> str:
    syntax = f"; transfer-syntax={offer.transfer_syntax}" if offer.transfer_syntax else ""
    if offer.multipart:
        return f'{_RELATED}; type="{offer.media_type}"{syntax}'
    return offer.media_type + syntax


def _bad() -> Invalid:
    return Invalid(
        "The Accept header, or accept in the query, is no list of media types (RFC 9110 section 12.5.1).",
        code="bad_accept",
    )
