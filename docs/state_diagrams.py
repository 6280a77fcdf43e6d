"""State diagrams of docs/rules.md: each arrow is what the rules answered."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar
from uuid import UUID

from records.access import EmergencyUse
from records.card.consent import ConsentRecord
from records.choices.authorisations import Authorisation, Scope
from records.choices.authorising import Given, authorise, choose, revoke
from records.documents.announcing import Step, announced, due
from records.documents.depositing_labels import is_hidden, labelled_too
from records.documents.facts import DocumentFacts
from records.durations import DAY_MS, HOUR_MS, YEAR_S
from records.emergency import WINDOW_MS, WINDOWS_A_DAY, use_of
from records.errors import CoffreError
from records.notices import GIVEN_UP_MS, STATE_AFTER, Delivery, NoticeState
from records.vocabulary.codes import DOCUMENT_TRANSITIONS, DocumentState, Label

Arrow = tuple[str, str, str]
"""From a state, to a state, and why; `[*]` begins and ends."""
State = TypeVar("State")
NOW, DAY = 1_800_000_000, 86_400
NOBODY, CIRCLE = "899700024450", UUID(int=1)


def diagrams() -> Iterator[str]:
    yield "\n## How things move\n\nDrawn by asking the rules themselves, from each state, what comes next.\n"
    for title, source, arrows in (
        ("A document", "`DOCUMENT_TRANSITIONS` (R32, R36)", document()),
        (
            "A result that is not announced",
            "`records/documents/announcing.py` (R22, article R1111-53)",
            announcement(),
        ),
        ("An authorisation", "`records/choices/` (R18, article R1111-46)", authorisation()),
        ("An emergency's window", "`records/emergency.py` (R26, R27, article L1111-17)", emergency()),
        ("A notice", "`records/notices.py` (R57)", notice()),
    ):
        yield f"\n### {title}\n\n{source}\n\n```mermaid\nstateDiagram-v2\n"
        yield from (f"    {one} --> {other}: {why}\n" for one, other, why in dict.fromkeys(arrows))
        yield "```\n"


def document() -> Iterator[Arrow]:
    yield "[*]", DocumentState.APPROVED.value, "deposited"
    for one, others in DOCUMENT_TRANSITIONS.items():
        yield from ((one.value, other.value, _BECOMES[other]) for other in DocumentState if other in others)


_BECOMES: Mapping[DocumentState, str] = {
    DocumentState.APPROVED: "taken out of the archive",
    DocumentState.DEPRECATED: "replaced",
    DocumentState.DELETED: "withdrawn",
    DocumentState.ARCHIVED: "archived",
}
_RESULT = DocumentFacts(
    document_id=UUID(int=2),
    kind="document",
    type_code="11502-2",
    author_structure="1750000001",
    author="",
    labels=frozenset(),
    state=DocumentState.APPROVED,
)


def announcement() -> Iterator[Arrow]:
    hidden = labelled_too(_RESULT, frozenset({Label.INVISIBLE_PATIENT}), NOW)
    told_at, shown_at = (due(hidden, step) or NOW for step in Step)
    after = f"day {(told_at - NOW) // DAY} without a visit, the patient is told that something is new"
    month = "the same day of the next month, the patient is told of a document"
    yield "[*]", _seen(hidden, NOW), "deposited with INVISIBLE_PATIENT, or hidden by the author's side"
    yield _seen(hidden, NOW), f"{_seen(hidden, told_at)}_and_told", after
    for state, at in ((_seen(hidden, NOW), NOW), (f"{_seen(hidden, told_at)}_and_told", told_at)):
        yield state, _seen(announced(hidden, NOBODY, at), at), "announced by a professional"
    yield f"{_seen(hidden, told_at)}_and_told", _seen(hidden, shown_at), month


def _seen(document: DocumentFacts, at: int) -> str:
    return "hidden" if is_hidden(document, at) else "visible"


def authorisation() -> Iterator[Arrow]:
    """Every change of every state that a change leads to."""
    given = _given(None, NOW)
    yield "[*]", _runs(given, NOW), "authorised"
    yield from _walked(given, NOW, _CHANGES, _runs)


def _given(present: Authorisation | None, now: int) -> Authorisation:
    consent = ConsentRecord("patient", "online", now)
    return authorise(present, NOBODY, Given(consent=consent), now, CIRCLE)


_CHANGES: Mapping[str, Callable[[Authorisation, int], tuple[Authorisation, int]]] = {
    "renewed": lambda given, now: (_given(given, now), now),
    "documents or kinds are chosen": lambda given, now: (choose(given, ()), now),
    "revoked": lambda given, now: (revoke(given, now), now),
    "one year passes, unless another end was said": lambda given, now: (given, now + YEAR_S),
}


def _runs(given: Authorisation, now: int) -> str:
    """As decisions take it."""
    own = given.own
    assert own is not None
    if given.is_live(now):
        return "shows_all" if own.scope is Scope.ALL else "shows_what_was_chosen"
    return "ran_out" if given.has_expired(now) else "revoked"


def _walked(
    start: State,
    now: int,
    changes: Mapping[str, Callable[[State, int], tuple[State, int]]],
    named: Callable[[State, int], str],
) -> Iterator[Arrow]:
    """From each state that is reached, by every change; one that changes nothing is no arrow."""
    seen, waiting = set[tuple[str, str]](), [("", start, now)]
    while waiting:
        before, present, at = waiting.pop(0)
        if (way := (before, name := named(present, at))) in seen:
            continue
        seen.add(way)
        for why, change in changes.items():
            try:
                then, later = change(present, at)
            except CoffreError:
                continue
            if (reached := named(then, later)) != name:
                yield name, reached, why
            waiting.append((name, then, later))


def emergency() -> Iterator[Arrow]:
    """What an earlier use of the same reason, and of others, means for a call."""
    reason, other = b"reason", b"other"
    now = NOW * 1000
    yield "[*]", _window(use_of([], reason, b"", now)), "no emergency today"
    opened = [(reason, now)]
    yield (
        _window(use_of([], reason, b"", now)),
        "open",
        "a written reason, told to patient and attending doctor",
    )
    for passed, why in ((WINDOW_MS - 1, "asked again"), (WINDOW_MS, f"{WINDOW_MS // HOUR_MS} hours")):
        state = "closed" if use_of(opened, reason, b"", now + passed).expired else "open"
        yield "open", state, f"{why}, with the same reason"
    most = [(other + bytes([number]), now) for number in range(WINDOWS_A_DAY)]
    assert use_of(most, reason, b"", now).windows_today == WINDOWS_A_DAY
    yield "open", "refused", f"another reason, once there were {WINDOWS_A_DAY} in {DAY_MS // HOUR_MS} hours"
    yield "closed", "open", "another reason"
    yield "closed", _window(use_of([], reason, b"", now)), f"{DAY_MS // HOUR_MS} hours after it was opened"
    yield "refused", _window(use_of([], reason, b"", now)), f"{DAY_MS // HOUR_MS} hours after the first"


def _window(use: EmergencyUse) -> str:
    return "expired" if use.expired else "may_open" if use.windows_today < WINDOWS_A_DAY else "refused"


def notice() -> Iterator[Arrow]:
    queued = NoticeState.QUEUED.value
    yield "[*]", queued, "in the transaction of its cause"
    for delivery, state in STATE_AFTER.items():
        yield queued, state.value, _DELIVERIES[delivery]
    yield from ((state.value, NoticeState.READ.value, "read on the page") for state in _unread())


_DELIVERIES: Mapping[Delivery, str] = {
    Delivery.SENT: "a mail server took it",
    Delivery.PAGE: "no server is set: it stands on the page",
    Delivery.NO_CONTACT: "no confirmed address",
    Delivery.REFUSED: "the recipient's server refuses for good",
    Delivery.FAILED: "it failed, and is tried again",
    Delivery.GIVEN_UP: f"{GIVEN_UP_MS // HOUR_MS} hours of failures",
}


def _unread() -> Iterable[NoticeState]:
    return (state for state in NoticeState if state is not NoticeState.READ)
