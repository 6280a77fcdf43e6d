"""Match a resource against a search parameter (FHIR R4 section 3.1.1.4)."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from records.errors import Invalid
from records.fhir.dates import ALWAYS, Span, span
from records.fhir.systems import DICOM_UID, URI, one_name
from records.text.normal_forms import in_form

Resource = dict[str, Any]
Token = tuple[str | None, str]
"""System, or None where there is none, and code or value."""
_DATE = re.compile(r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb|ap)?(?P<date>[0-9].*)", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\,|$])")
MISSING = "missing"


class Kind(StrEnum):
    """Types of search parameters (R4 section 3.1.1.4.4), as the CapabilityStatement names them."""

    TOKEN = "token"  # noqa: S105
    DATE = "date"
    STRING = "string"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter. `values` takes from a resource what is compared:

    tokens `Token`, dates `Span`, strings text, references their text or the `Token` of their identifier.
    """

    name: str
    kind: Kind
    values: Callable[[Resource], Iterable[Any]]
    documentation: str = ""

    @property
    def modifiers(self) -> frozenset[str]:
        return _MODIFIERS[self.kind]


_MODIFIERS = {
    Kind.TOKEN: frozenset({MISSING, "not"}),
    Kind.DATE: frozenset({MISSING}),
    Kind.STRING: frozenset({MISSING, "exact", "contains"}),
    Kind.REFERENCE: frozenset({MISSING, "identifier"}),
}
Condition = Callable[[Resource], bool]


def condition(parameter: Parameter, modifier: str, text: str) -> Condition:
    """One parameter as it was asked; its values, divided by commas, are alternatives.

    Raises `Invalid` "bad_query", which names the parameter and never the value.
    """
    if modifier == MISSING:
        return _missing(parameter, text)
    alternatives = [_test(parameter, modifier, each) for each in split(text, ",")]

    def holds(resource: Resource) -> bool:
        values = list(parameter.values(resource))
        found = any(test(value) for test in alternatives for value in values)
        return not found if modifier == "not" else found

    return holds


def split(text: str, divider: str) -> list[str]:
    """At each divider before which no backslash stands (R4 section 3.1.1.4.7); escapes stay in the pieces."""
    pieces, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == divider:
            pieces.append(text[start:at])
            start = at + 1
        at += 1
    return [*pieces, text[start:]]


def unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _missing(parameter: Parameter, text: str) -> Condition:
    if text not in ("true", "false"):
        raise _bad(parameter, "with :missing is true or false")
    wanted = text == "true"
    return lambda resource: (next(iter(parameter.values(resource)), None) is None) == wanted


def _test(parameter: Parameter, modifier: str, text: str) -> Callable[[Any], bool]:
    if not text:
        raise _bad(parameter, "has no value")
    if parameter.kind is Kind.DATE:
        return _date(parameter, text)
    if parameter.kind is Kind.STRING:
        return _string(modifier, unescaped(text))
    if parameter.kind is Kind.TOKEN or modifier == "identifier":
        return _token(parameter, text)
    return _reference(unescaped(text))


def _date(parameter: Parameter, text: str) -> Callable[[Span], bool]:
    try:
        prefix, asked = asked_date(text)
    except ValueError:
        raise _bad(parameter, "is a date of FHIR, after eq, ne, gt, lt, ge, le, sa, eb or ap") from None
    return _COMPARED[prefix](asked)


def asked_date(text: str) -> tuple[str, Span]:
    """How to compare, `eq` where nothing is said, and with which range of time. Raises `ValueError`."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("no date of a search")
    return found["prefix"] or "eq", span(found["date"])


def _near(asked: Span) -> Callable[[Span], bool]:
    """About that time: within a day (R4 leaves how near to the server)."""
    day = 86_400 * 1_000_000
    return lambda value: value[0] < asked[1] + day and value[1] > asked[0] - day


def _within(value: Span, asked: Span) -> bool:
    return asked[0] <= value[0] and value[1] <= asked[1]


_COMPARED: dict[str, Callable[[Span], Callable[[Span], bool]]] = {
    "eq": lambda asked: lambda value: _within(value, asked),
    "ne": lambda asked: lambda value: not _within(value, asked),
    "gt": lambda asked: lambda value: value[1] > asked[1],
    "lt": lambda asked: lambda value: value[0] < asked[0],
    "ge": lambda asked: lambda value: value[1] > asked[0],
    "le": lambda asked: lambda value: value[0] < asked[1],
    "sa": lambda asked: lambda value: value[0] >= asked[1],
    "eb": lambda asked: lambda value: value[1] <= asked[0],
    "ap": _near,
}


def _string(modifier: str, text: str) -> Callable[[str], bool]:
    if modifier == "exact":
        return lambda value: value == text
    asked = folded(text)
    if modifier == "contains":
        return lambda value: asked in folded(value)
    return lambda value: folded(value).startswith(asked)


def folded(text: str) -> str:
    """Without case, accents and repeated spaces (R4 section 3.1.1.4.8, string)."""
    letters = in_form("NFKD", text.casefold())
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())


def _token(parameter: Parameter, text: str) -> Callable[[Any], bool]:
    system, *rest = (unescaped(each) for each in split(text, "|"))
    if len(rest) > 1:
        raise _bad(parameter, "is written as code, system|code, |code or system|")
    if not rest:
        return lambda token: isinstance(token, tuple) and token[1] == system
    named, code = one_name(system), rest[0]
    if not (named or code):
        raise _bad(parameter, "has no value")

    def holds(token: Any) -> bool:
        return isinstance(token, tuple) and one_name(token[0] or "") == named and code in ("", token[1])

    return holds


def _reference(text: str) -> Callable[[Any], bool]:
    """A literal reference: `Type/id`, an absolute address that ends so, or the id alone."""
    asked = "/".join(text.rstrip("/").split("/")[-2:])
    return lambda value: isinstance(value, str) and (value == asked or value.rpartition("/")[2] == asked)


def _bad(parameter: Parameter, what: str) -> Invalid:
    return Invalid(f"The parameter {parameter.name} {what}.", code="bad_query")


def tokens_of_concept(concept: Resource | None) -> Iterable[Token]:
    for coding in (concept or {}).get("coding", ()):
        yield from token_of_coding(coding)


def token_of_coding(coding: Resource) -> Iterable[Token]:
    if code := coding.get("code"):
        yield coding.get("system"), code


def token_of_identifier(identifier: Resource | None) -> Iterable[Token]:
    """A UID or UUID is also found by its bare value, and under either of the systems that it may stand in."""
    value = (identifier or {}).get("value")
    if identifier is None or not value:
        return
    system = identifier.get("system")
    yield system, value
    if system in (URI, DICOM_UID) and value.startswith("urn:"):
        bare = value.removeprefix("urn:oid:").removeprefix("urn:uuid:")
        yield from ((name, each) for name in (URI, DICOM_UID) for each in (value, bare))


def words_of(line: str | None) -> Iterable[str]:
    """A line that names somebody, and each of its words."""
    if line:
        yield from (line, *line.replace(",", " ").split())


def spans_of_period(period: Resource | None) -> Iterable[Span]:
    """An end that isn't given has not come (R4 section 3.1.1.4.8)."""
    if not period or not (period.get("start") or period.get("end")):
        return
    start = span_or_none(period.get("start"))
    end = span_or_none(period.get("end"))
    yield (start or ALWAYS)[0], (end or ALWAYS)[1]


def spans_of(*texts: str | None) -> Iterable[Span]:
    for text in texts:
        if (found := span_or_none(text)) is not None:
            yield found


def span_or_none(text: str | None) -> Span | None:
    try:
        return span(text) if text else None
    except ValueError:
        return None


def of_references(references: Sequence[Resource]) -> Iterable[Any]:
    """What a reference is found by: what it refers to literally, and its identifier."""
    for each in references:
        if text := each.get("reference"):
            yield text
        yield from token_of_identifier(each.get("identifier"))
