"""A table of which process answers which request: one, for the proxy of a site and for that of the tests.

A rule holds for a method and the beginning of a path, as regular expressions; the first that fits counts. On
the name of people whatever fits no rule is a page, which the gateway makes. On the name of machines and cards
nothing else is answered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from records.profile.kinds import RESOURCES


class Process(StrEnum):
    """Processes that a proxy passes requests on to."""

    INTAKE = "intake"
    READER = "reader"
    GATEWAY = "gateway"
    SIGN_IN = "signin"
    CERTIFICATES = "certificates"
    """The sign-in process at the socket where certificates are believed."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`methods` and `path` are regular expressions; `path` says how a path begins, after its first slash."""

    methods: str
    path: str
    process: Process | None
    """None: nobody from outside is answered."""


_DECLARED = "|".join(sorted(RESOURCES))
API: Sequence[Rule] = (
    Rule("POST", "(records/[^/]+/)?dicomweb/studies", Process.INTAKE),
    Rule("POST", f"fhir(/(DocumentReference|{_DECLARED}))?/?$", Process.INTAKE),
    Rule("PUT", f"fhir/({_DECLARED})/[^/]+/?$", Process.INTAKE),
    Rule(
        "[A-Z]+",
        "records/[^/]+/dicomweb/studies/(?!(.*/)?(series|instances)/?$)",
        Process.GATEWAY,
    ),
    Rule("[A-Z]+", "fhir/Binary/", Process.GATEWAY),
    Rule("[A-Z]+", "accounts/?$", Process.SIGN_IN),
    Rule(
        "[A-Z]+",
        "(fhir|records|submissions|dicomweb|grants|objects|audit|health|me|opener)(/|$)",
        Process.READER,
    ),
)
PEOPLE: Sequence[Rule] = (
    Rule("[A-Z]+", "(metrics|openapi.json)/?$", None),  # for the operators' network alone
    Rule("POST", "(profil|deposer)/?$", Process.INTAKE),
    Rule("[A-Z]+", "sign-in(/|$)", Process.SIGN_IN),
)
MACHINES: Sequence[Rule] = (
    Rule("POST", "token$", Process.CERTIFICATES),
    Rule("GET", "sign-in/carte$", Process.CERTIFICATES),
)
UNBUFFERED: str = "(records/[^/]+/)?dicomweb/studies|fhir|deposer"
"""Paths whose bodies may be large: passed on as they come, never written down by the proxy."""


def lines(rules: Sequence[Rule], places: Mapping[Process, str]) -> Iterator[tuple[str, str]]:
    """The rules as a map of nginx over "$request_method $uri": key and value. A process without a place of
    its own has none of its addresses."""
    for rule in rules:
        if rule.process is None or rule.process in places:
            place = '""' if rule.process is None else places[rule.process]
            yield f'"~^{rule.methods} /{rule.path}"', place
