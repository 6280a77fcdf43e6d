"""The changes of an authorisation, pure, from one to the next; each may be repeated. Times: unix seconds."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from records.card.card import CardAuthorisation
from records.card.consent import HOLDER, ConsentRecord, end_of
from records.choices.authorisations import Authorisation, DocumentKind, Ground, Scope
from records.errors import Invalid, NotFound
from records.people.identity import check_rpps
from records.vocabulary.codes import ConsentMeans
from records.vocabulary.document_types import CLASS_NAMES

MOST_KINDS = 100
NO_CIRCLE = UUID(int=0)
"""Of an authorisation that still stands on a card: no document is shown to it."""


def of_card(given: CardAuthorisation, circle: UUID, consent: ConsentRecord | None = None) -> Authorisation:
    """What a card of an earlier label says of one professional: all documents, on the holder's own word."""
    said = consent or ConsentRecord(HOLDER, ConsentMeans.ONLINE.value, given.since)
    ground = Ground(circle, given.since, given.until, said, express=True)
    return Authorisation(given.professional, (ground,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is given to one professional. Without `until` it is one year from now, or for good if `permanent`;
    `scope` None keeps that of a ground that runs, and is `all` for a new one.
    """

    consent: ConsentRecord
    until: int | None = None
    permanent: bool = False
    scope: Scope | None = None
    express: bool = True


def authorise(
    present: Authorisation | None, professional: str, given: Given, now: int, new_circle: UUID
) -> Authorisation:
    """Give a professional a ground of its own, or renew it in place, which keeps what was chosen for it.

    One that was revoked begins anew, with nothing chosen. Raises Invalid `bad_rpps`, or `bad_authorisation`
    for an end that lies in the past or more than a hundred years ahead, or contradicts `permanent`.
    """
    check_rpps(professional)
    until = end_of(now, given.until, permanent=given.permanent)
    before = present.own if present is not None else None
    if before is None or before.ended is not None:
        before = Ground(new_circle, now, until, given.consent)
    since = before.since if before.is_live(now) else now
    ground = replace(
        before,
        since=since,
        until=until,
        consent=given.consent,
        scope=given.scope or before.scope,
        express=given.express,
    )
    return _with(present, professional, ground)


def join(present: Authorisation | None, professional: str, ground: Ground) -> Authorisation:
    """Make a professional a member of the team or list of `ground`, in place of an earlier membership."""
    check_rpps(professional)
    return _with(present, professional, replace(ground, of_team=True))


def leave(present: Authorisation, circle: UUID, now: int) -> Authorisation:
    """End a professional's membership of one team or list."""
    return _ended(present, now, lambda ground: ground.of_team and ground.circle == circle)


def revoke(present: Authorisation, now: int) -> Authorisation:
    """End every ground of a professional, effective with the next decision."""
    return _ended(present, now, lambda ground: True)


def choose(present: Authorisation, kinds: Iterable[DocumentKind]) -> Authorisation:
    """Replace the kinds that the professional's own ground shows; from now on no ground shows anything else
    than what is chosen, one of a team neither.
    """
    own = present.own
    if own is None:
        raise NotFound("This professional has no authorisation of its own.", code="no_such_authorisation")
    of_teams = tuple(replace(each, scope=Scope.CHOSEN) for each in present.grounds if each.of_team)
    chosen = replace(own, scope=Scope.CHOSEN, kinds=check_kinds(kinds))
    return Authorisation(present.professional, (*of_teams, chosen))


def narrows(before: Ground, kinds: Iterable[DocumentKind], newly_shown: Collection[object]) -> bool:
    """Whether a choice takes sight away and gives none: what a holder may do while the record is
    suspended.
    """
    shows_all = before.scope is Scope.ALL
    return shows_all or (not newly_shown and before.kinds.issuperset(kinds))


def check_kinds(kinds: Iterable[DocumentKind]) -> frozenset[DocumentKind]:
    """Raises Invalid `bad_kind` for one that names neither a class nor a domain, or an unknown class."""
    chosen = frozenset(kinds)
    for each in chosen:
        if each == DocumentKind() or each.class_code not in (None, *CLASS_NAMES):
            raise Invalid(
                f"A kind names a class ({', '.join(CLASS_NAMES)}), a medical domain, or both.",
                code="bad_kind",
            )
    if len(chosen) > MOST_KINDS:
        raise Invalid(f"Choose at most {MOST_KINDS} kinds.", code="bad_kind")
    return chosen


def _with(present: Authorisation | None, professional: str, ground: Ground) -> Authorisation:
    """In place of the ground of the same circle, or of the professional's own."""
    others = [] if present is None else [each for each in present.grounds if not _same(each, ground)]
    return Authorisation(professional, (*others, ground))


def _same(one: Ground, other: Ground) -> bool:
    return one.circle == other.circle if one.of_team and other.of_team else one.of_team == other.of_team


def _ended(present: Authorisation, now: int, which: Callable[[Ground], bool]) -> Authorisation:
    grounds = tuple(
        replace(each, ended=now) if which(each) and each.ended is None and not each.has_expired(now) else each
        for each in present.grounds
    )
    return replace(present, grounds=grounds)
