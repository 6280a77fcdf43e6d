"""The form above an access log: its fields, and their form in an address.

The address names a person by the number of a line in the log, so that nobody's own number stands in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from urllib.parse import urlencode

from keyvault.verbs.reader.log.log_reading import LogFilter
from records.emergency import EMERGENCIES
from records.errors import Invalid
from records.text.numbers import is_whole
from records.vocabulary.codes import Action, Outcome, Role
from viewer_api.web.dates import PARIS

OWN = "/consultations"
LINE = "ligne-"

PEOPLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "autres": (*(role.value for role in Role if role is not Role.PATIENT), "unknown"),
        "tous": (),
        "moi": (Role.PATIENT.value,),
        "professionnels": (Role.PROFESSIONAL.value,),
    }
)
_KINDS: Mapping[str, LogFilter] = MappingProxyType(
    {
        "": LogFilter(),
        "urgence": LogFilter(purposes=tuple(sorted(EMERGENCIES))),
        "lecture": LogFilter(actions=(Action.SEARCH, Action.RETRIEVE, Action.STILL, Action.SEARCH_DEPOSITS)),
        "depot": LogFilter(
            actions=(
                Action.DEPOSIT,
                Action.REJECT,
                Action.QUARANTINE,
                Action.DISCHARGE,
                Action.DESTROY,
                Action.WITHDRAW,
                Action.DELETE,
                Action.ARCHIVE,
                Action.UNARCHIVE,
                Action.FOLLOW_DEPOSITS,
                Action.ERASE,
                Action.COMPACT,
                Action.RENDER,
            )
        ),
        "choix": LogFilter(
            actions=(
                Action.AUTHORISE,
                Action.REVOKE,
                Action.CHOOSE,
                Action.RECORD_CONSENT,
                Action.FORM_TEAM,
                Action.JOIN_TEAM,
                Action.LEAVE_TEAM,
                Action.END_TEAM,
                Action.WITHDRAW_CONSENT,
                Action.GIVE_CONSENT,
                Action.BLOCK,
                Action.UNBLOCK,
                Action.NAME_ATTENDING,
                Action.REMOVE_ATTENDING,
                Action.LABEL,
                Action.REFUSE,
                Action.ADMIT,
                Action.REFUSE_DEPOSITS,
                Action.ADMIT_DEPOSITS,
                Action.SET_EMERGENCY,
            )
        ),
    }
)
_NAMED = frozenset(action for kind in _KINDS.values() for action in kind.actions)
_REST = LogFilter(actions=tuple(action for action in Action if action not in _NAMED))
KINDS: Mapping[str, LogFilter] = MappingProxyType({**_KINDS, "autre": _REST})
RESULTS: Mapping[str, Outcome | None] = MappingProxyType(
    {"": None, "permis": Outcome.PERMIT, "refuse": Outcome.DENY}
)


@dataclass(frozen=True, slots=True)
class AskedLog:
    """The fields as they were sent, and the page's path; what is none of its choices is the first of them."""

    qui: str
    acte: str
    resultat: str
    du: str
    au: str
    at: str = OWN

    @classmethod
    def of(cls, query: Mapping[str, str], at: str = OWN) -> "AskedLog":
        qui = query.get("qui", "")
        number = qui.removeprefix(LINE)
        is_line = qui.startswith(LINE) and is_whole(number) and len(number) < 16
        qui, kind = qui if qui in PEOPLE or is_line else "autres", _one_of(KINDS, query.get("acte"))
        return cls(
            "tous" if (qui, kind) == ("autres", "choix") else qui,  # choices are the holder's own
            kind,
            _one_of(RESULTS, query.get("resultat")),
            query.get("du", "").strip(),
            query.get("au", "").strip(),
            at,
        )

    @property
    def line(self) -> int | None:
        """The number of a line of the person who is meant."""
        return int(self.qui.removeprefix(LINE)) if self.qui.startswith(LINE) else None

    def address(self, **more: str) -> str:
        """The page with these choices."""
        fields = {"qui": self.qui, "acte": self.acte, "resultat": self.resultat, "du": self.du, "au": self.au}
        query = {name: value for name, value in {**fields, **more}.items() if value}
        if query["qui"] == "autres":
            del query["qui"]
        return f"{self.at}?{urlencode(query)}" if query else self.at

    def filter(self) -> LogFilter:
        """Raises `Invalid` "bad_period"."""
        since, until = _midnight(self.du), _midnight(self.au, days=1)
        if since is not None and until is not None and since >= until:
            raise _bad_period()
        kind = KINDS[self.acte]
        return LogFilter(
            actions=kind.actions,
            purposes=kind.purposes,
            roles=() if self.line is not None else PEOPLE[self.qui],
            outcome=RESULTS[self.resultat],
            actor_of=self.line,
            since=since,
            until=until,
        )


def _one_of(choices: Mapping[str, object], asked: str | None) -> str:
    return asked if asked is not None and asked in choices else ""


def _midnight(text: str, days: int = 0) -> int | None:
    """The beginning of a day in Paris, `days` later; unix seconds."""
    if not text:
        return None
    try:
        begins = date.fromisoformat(text) + timedelta(days=days)
        return int(datetime.combine(begins, time(), PARIS).timestamp())
    except (ValueError, OverflowError):
        raise _bad_period() from None


def _bad_period() -> Invalid:
    return Invalid("Give days as YYYY-MM-DD, the first before the last.", code="bad_period")
