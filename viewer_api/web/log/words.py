"""Put lines of the access log into the words of a page, and gather those of one person in one sitting."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.audit_event import OPENED_BY, REPEATED
from keyvault.verbs.reader.log.log_reading import who
from records.emergency import EMERGENCIES
from records.rules.assumptions import BASIS
from records.text.numbers import is_whole
from records.vocabulary.codes import Action, Outcome, Role
from records.vocabulary.matrix import Mark
from viewer_api.web.dates import PARIS, day, hour, moment
from viewer_api.web.log.looks import looks
from viewer_api.web.texts import Texts
from viewer_api.web.words import profession


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the access log in plain words."""

    seq: int
    instant: str
    when: str
    hour: str
    who: str
    numbers: tuple[str, ...]
    what: str
    mode: str
    emergency: bool
    permitted: bool
    reason: str | None
    explanation: str | None
    own: bool
    times: int = 1  # a line may stand for refusals that were counted
    period: tuple[str, str] | None = None  # the hours of the first and the last of them


def log_line(event: Mapping[str, Any], t: Texts, titles: Mapping[str, str]) -> LogLine:
    """`titles` maps document ids to titles, of the documents that the reader may see."""
    actor = event["actor"]
    permitted = event["outcome"] == Outcome.PERMIT
    emergency = event["purpose"] in EMERGENCIES
    return LogLine(
        seq=event["seq"],
        instant=event["time"],
        when=moment(datetime.fromisoformat(event["time"]), t.language),
        hour=hour(datetime.fromisoformat(event["time"]), t.language),
        who=_who(actor, t),
        numbers=_numbers(actor, t),
        what=_what(event, t, titles),
        mode=t(f"mode.{event['purpose']}"),
        emergency=emergency,
        permitted=permitted,
        reason=event.get("reason") if emergency else None,
        explanation=None if permitted else _explanation(event, t),
        own=actor["role"] == Role.PATIENT,
        times=event.get(REPEATED, 1),
        period=_period(event, t) if REPEATED in event else None,
    )


def _explanation(event: Mapping[str, Any], t: Texts) -> str:
    """Why it was refused; and whether that rests on an assumption."""
    why = t(f"denied.{event['decision']}")
    return f"{why} {t('log.assumed')}" if event.get(BASIS) == Mark.ASSUMED else why


def _period(event: Mapping[str, Any], t: Texts) -> tuple[str, str]:
    first, last = (hour(datetime.fromisoformat(event[name]), t.language) for name in ("first", "last"))
    return first, last


def _who(actor: Mapping[str, Any], t: Texts) -> str:
    if actor["role"] == Role.PROFESSIONAL:
        return profession(actor.get("profession"), t)
    key = f"who.{actor['role']}"
    return t(key) if t.has(key) else t("who.unknown")


def _numbers(actor: Mapping[str, Any], t: Texts) -> tuple[str, ...]:
    found = []
    if "rpps" in actor:
        found.append(t.professional(actor["rpps"], "who.rpps"))
    if "structure" in actor:
        found.append(t.structure(actor["structure"]))
    return tuple(found)


def _what(event: Mapping[str, Any], t: Texts, titles: Mapping[str, str]) -> str:
    text = _did(event, t, titles)
    return t(f"did.opened_by.{event[OPENED_BY]}", what=text) if OPENED_BY in event else text


def _did(event: Mapping[str, Any], t: Texts, titles: Mapping[str, str]) -> str:
    key = f"did.{event['action']}"
    if event["action"] == Action.SIGN_IN:
        return t(f"{key}.{event.get('door_event', 'denied')}")
    title = titles.get(event.get("object", ""))
    if title and t.has(f"{key}.titled"):
        return t(f"{key}.titled", title=title)
    many = event.get("documents", "")
    if event["action"] == Action.RETRIEVE and is_whole(many) and many != "1":
        return t("did.retrieve.many", n=many)
    text = t(key) if t.has(key) else t("did.other")
    named = event.get("professional")
    return f"{text} ({t.professional(named, 'who.rpps')})" if named else text


@dataclass(frozen=True, slots=True)
class Sitting:
    """What one person did on one day, in one mode and with one result: one row of the page.

    `acts` are the different things done with how often, where the way to a document belongs to its reading;
    `has_ways`: one of them has more than one line. `lines` are all of them, newest first. An emergency is
    never together with anything else, nor is a refusal.
    """

    lines: tuple[LogLine, ...]
    day: str
    acts: tuple[tuple[str, int], ...]
    has_ways: bool

    @property
    def newest(self) -> LogLine:
        return self.lines[0]

    @property
    def oldest(self) -> LogLine:
        return self.lines[-1]


def sittings(events: Iterable[Mapping[str, Any]], t: Texts, titles: Mapping[str, str]) -> list[Sitting]:
    """The lines put together, in the order of the newest line of each."""
    found: dict[tuple[object, ...], list[Mapping[str, Any]]] = {}
    for event in events:
        key = (day_of(event), *who(event), *_circumstances(event))
        found.setdefault(key, []).append(event)
    return [_sitting(each, t, titles) for each in found.values()]


def _sitting(events: Sequence[Mapping[str, Any]], t: Texts, titles: Mapping[str, str]) -> Sitting:
    """`events` newest first."""
    lines = {event["seq"]: log_line(event, t, titles) for event in events}
    parts = looks(events[::-1])
    counts: dict[str, int] = {}
    for look in parts:
        line = lines[look[-1]["seq"]]
        counts[line.what] = counts.get(line.what, 0) + line.times
    newest = datetime.fromisoformat(events[0]["time"]).astimezone(PARIS)
    has_ways = any(len(look) > 1 for look in parts)
    return Sitting(tuple(lines.values()), day(newest, t.language), tuple(counts.items()), has_ways)


def _circumstances(event: Mapping[str, Any]) -> tuple[object, ...]:
    """What must be equal besides person and day; the ground of a permit makes no difference."""
    actor, denied = event["actor"], event["outcome"] != Outcome.PERMIT
    where = (actor.get("structure"), actor.get("profession"))
    return (*where, event["purpose"], event.get("reason"), event["decision"] if denied else None)


def day_of(event: Mapping[str, Any]) -> str:
    """The day of a line in Paris, YYYY-MM-DD."""
    return datetime.fromisoformat(event["time"]).astimezone(PARIS).date().isoformat()
