"""Read a FHIR search: whose record, which conditions, which page (R4 section 3.1.1).

What is not known is ignored and left out of the `self` link, or refused where the client wants it strict
(R4 section 3.1.1.3). No sentence repeats a value: it may name a person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from keyvault.verbs.reader.lists.filling import LARGEST_PAGE
from records.errors import Invalid
from records.fhir.search.fhir_search import FhirSearch
from records.fhir.search.matching import Condition, Resource, condition, split
from records.fhir.wording import record_named_by
from viewer_api.cursors import read_cursor
from viewer_api.fhir.searching.searched_types import INCLUDE, REVERSE_INCLUDE, SearchedType

DEFAULT_COUNT = 50
MOST_ALTERNATIVES = 200
AFTER = "_after"
_COUNT = re.compile(r"[0-9]{1,9}")
_KNOWN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")
_OF_THE_ANSWER = frozenset({"_format", "_pretty"})
_SUMMARIES = frozenset({"count", "false"})
_TOTALS = frozenset({"none", "estimate", "accurate"})
_NOT_COUNTED = {"_summary": frozenset({"false"}), "_total": frozenset({"none"})}
NEWEST_FIRST = "-_lastUpdated"

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """`locator` is the INS or public id of the record, empty where none has to be named.

    `asked` are the criteria as they came, but for the patient and for what is `included`; `ignored` the names
    of parameters that had no effect.
    """

    locator: str = field(repr=False)
    asked: tuple[tuple[str, str], ...] = field(repr=False)
    conditions: tuple[Condition, ...]
    count: int = DEFAULT_COUNT
    after: str | None = None
    counts_alone: bool = False
    total: str | None = None
    included: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    def takes(self, resource: Resource) -> bool:
        return all(holds(resource) for holds in self.conditions)

    def of(self, kind: str) -> FhirSearch:
        """What the vault is asked. Raises `Invalid` "bad_cursor"."""
        return FhirSearch(
            kind,
            self.asked,
            read_cursor(self.after),
            0 if self.counts_alone else self.count,
            counted=self.counts_alone or self.total == "accurate",
            beside=bool(self.included),
        )


def read_search(
    parameters: Parameters,
    searched: SearchedType,
    base: str,
    *,
    strict: bool = False,
) -> SearchQuery:
    """`base`: the address of this FHIR server.

    Raises `Invalid` "bad_query", "patient_missing"
    or, where `strict`, "unknown_parameter".
    """
    reading = _Reading(searched, base)
    for name, text in parameters:
        reading.take(name, text)
    if strict and reading.ignored:
        raise Invalid(
            "The request has a parameter that is not known here, and Prefer: handling=strict: the "
            "CapabilityStatement names those that are.",
            code="unknown_parameter",
        )
    return reading.query()


class _Reading:
    def __init__(self, searched: SearchedType, base: str) -> None:
        self._searched = searched
        self._base = base
        self._locators: set[str] = set()
        self._asked: list[tuple[str, str]] = []
        self._conditions: list[Condition] = []
        self._included: list[tuple[str, str]] = []
        self._once: dict[str, str] = {}
        self._alternatives = 0
        self.ignored: list[str] = []

    def take(self, name: str, text: str) -> None:
        if name in self._searched.patient:
            self._locators.add(record_named_by(name, text.removeprefix(f"{self._base}/")))
        elif name in ("_count", AFTER, "_summary", "_total", "_sort"):
            self._control(name, text)
        elif name in (INCLUDE, REVERSE_INCLUDE):
            self._include(name, text)
        elif name not in _OF_THE_ANSWER:
            self._condition(name, text)

    def query(self) -> SearchQuery:
        if not self._locators and self._searched.needs_patient:
            raise Invalid(
                "Say whose documents: patient=Patient/{id}, or patient.identifier=urn:oid:…|INS.",
                code="patient_missing",
            )
        if len(self._locators) > 1:
            raise Invalid("A search is for one patient: name one, once.", code="bad_query")
        summary = self._once.get("_summary")
        count = self._count()
        return SearchQuery(
            self._locators.pop() if self._locators else "",
            tuple(self._asked),
            tuple(self._conditions),
            count=count or DEFAULT_COUNT,
            after=self._once.get(AFTER),
            counts_alone=self._searched.counted and (summary == "count" or count == 0),
            total=self._once.get("_total"),
            included=tuple(dict.fromkeys(self._included)),
            ignored=tuple(dict.fromkeys(self.ignored)),
        )

    def _control(self, name: str, text: str) -> None:
        if self._once.setdefault(name, text) != text:
            raise Invalid(f"The parameter {name} is given twice.", code="bad_query")
        counts = {"_summary": _SUMMARIES, "_total": _TOTALS} if self._searched.counted else _NOT_COUNTED
        allowed = {**counts, "_sort": frozenset({NEWEST_FIRST})}
        if name in allowed and text not in allowed[name]:
            del self._once[name]
            self.ignored.append(name)

    def _include(self, name: str, text: str) -> None:
        if text in self._searched.includes.get(name, ()):
            self._included.append((name, text))
        else:
            self.ignored.append(name)

    def _count(self) -> int | None:
        text = self._once.get("_count")
        if text is None:
            return None
        if not _COUNT.fullmatch(text):
            raise Invalid("The parameter _count is a number of at most nine digits.", code="bad_query")
        return min(int(text), LARGEST_PAGE)

    def _condition(self, name: str, text: str) -> None:
        base, _, modifier = name.partition(":")
        parameter = self._searched.parameters.get(base)
        if parameter is None:
            self.ignored.append(name if _KNOWN_NAME.fullmatch(name) else "another")
            return
        if modifier and modifier not in parameter.modifiers:
            raise Invalid(  # R4 section 3.1.1.4.5: a modifier is never ignored
                f"The parameter {base} has no such modifier here: {', '.join(sorted(parameter.modifiers))}.",
                code="bad_query",
            )
        self._alternatives += len(split(text, ","))
        if self._alternatives > MOST_ALTERNATIVES:
            raise Invalid(f"A search has at most {MOST_ALTERNATIVES} values.", code="bad_query")
        self._conditions.append(condition(parameter, modifier, text))
        self._asked.append((name, text))
