"""Teams of care and lists: `form_team` and `record_consent` begin one, `change_team` changes or ends it.

The consent is the holder's own act, or recorded by a professional who sees the patient (L1110-12, R17, R18):
then the holder is told at once, and ends by contesting what was not so. One act is one transaction; many
members are many rows, and an event names as many as a line of the log shows. A team ends in one write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.choices import (
    TOLD_AT_ONCE,
    authorisation_rows,
    circle_id_of,
    keep_authorisations,
    keep_circle,
    open_authorisation,
    open_circle,
    told_together,
)
from keyvault.store import Row
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.notice_outbox import queue_notice
from keyvault.verbs.reader.holder.authorising import settle_card
from keyvault.verbs.reader.holder.changing import Changed
from records.card.consent import ConsentRecord
from records.choices.authorisations import Authorisation
from records.choices.authorising import join, leave
from records.choices.circles import Circle
from records.choices.teams import (
    MOST_MEMBERS,
    MOST_RECORDED,
    MemberLine,
    by_holder,
    check_members,
    check_name,
    circle_of,
    end_of_team,
    ended,
    ground_of,
    is_contested,
    may_change,
    membership,
    new_members,
    recorded,
    team_json,
)
from records.errors import Conflict, Invalid, NotFound
from records.notices import NOTICE_OF_CHANGE, NoticeKind
from records.rules.request import OF_A_TEAM
from records.vocabulary.codes import Action, ReasonCode, Role


@dataclass(frozen=True, slots=True)
class _Team:
    """A team, with its row where it has one."""

    circle: Circle
    row: Row | None


class TeamingVerbs:
    """For the reader process, on behalf of the holder or of a professional in ordinary care."""

    _vault: Vault

    def form_team(
        self,
        call: Call,
        record_id: UUID,
        request: UUID,
        name: str,
        members: Sequence[str],
        until: int | None = None,
    ) -> Changed | Denied:
        """The holder authorises all of a team or list in one act; the same `request` id again forms no second
        one.

        Answers the team with what came of each line. Raises `Invalid` "bad_team", "bad_authorisation",
        "bad_rpps", `Conflict` "request_reused", "team_ended".
        """
        wanted = {"request": request, "name": name, "members": members, "until": until}
        actor = caller(self._vault, call, "form_team", record_id=record_id, **wanted)
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.FORM_TEAM, record_id=record_id)
            if isinstance(found, Denied):
                return found
            check_members(members, MOST_MEMBERS)
            return _form(transaction, found, request, name, members, until, by_holder(transaction.now))

    def record_consent(
        self,
        call: Call,
        locator: str,
        request: UUID,
        how: str,
        name: str,
        members: Sequence[str] = (),
        until: int | None = None,
    ) -> Changed | Denied:
        """A professional records that the patient consented during a visit, for itself and its team.

        No record is resolved before: that there is one is an answer, and has its line. `how`: in words or in
        writing. Answers also the record's public id. Raises like `form_team`, and `Invalid` "bad_consent".
        """
        wanted = {"request": request, "how": how, "name": name, "members": members, "until": until}
        actor = caller(self._vault, call, "record_consent", locator=locator, **wanted)
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, Action.RECORD_CONSENT, locator=locator)
            if isinstance(found, Denied):
                return found
            by = found.actor.rpps or ""
            team = [by, *members]
            check_members(team, MOST_RECORDED)
            consent = recorded(by, how, transaction.now)
            told = _form(transaction, found, request, name, team, until, consent).choices
            return Changed({"record": str(found.public_id), **told})

    def change_team(
        self, call: Call, record_id: UUID, team: UUID, action: Action, members: Sequence[str] = ()
    ) -> Changed | Denied:
        """Have professionals join or leave a team, or end it with the access of all; each may be repeated.

        `action`: `JOIN_TEAM`, `LEAVE_TEAM`, `END_TEAM`. Raises `NotFound` "no_such_team" for one that is not
        the caller's to change, `Conflict` "team_ended", `Invalid` "bad_team".
        """
        if action not in OF_A_TEAM:
            raise ValueError("a change of a team joins, leaves or ends")
        actor = caller(
            self._vault,
            call,
            "change_team",
            record_id=record_id,
            team=team,
            action=action,
            members=members,
        )
        with self._vault.transaction() as transaction:
            found = attempt(self._vault, transaction, call, actor, action, record_id=record_id)
            if isinstance(found, Denied):
                return found
            row = transaction.rows.get("circle", record_id=record_id, circle_id=team)
            circle = open_circle(found.record.card, row) if row is not None else None
            if circle is not None and may_change(actor, circle, action, members):
                return _change(transaction, found, _Team(circle, row), members)
            refused = self._no_such_team(transaction, found, team)
            if refused.is_of_quota:
                return refused
        raise NotFound("There is no such team in this record.", code="no_such_team")

    def _no_such_team(self, transaction: Transaction, found: Attempt, team: UUID) -> Denied:
        action, why = found.request.action, ReasonCode.NO_SUCH_TEAM
        return refuse(self._vault, transaction, found.call, found.actor, action, found.record, why, str(team))


def _form(
    transaction: Transaction,
    found: Attempt,
    request: UUID,
    name: str,
    members: Sequence[str],
    until: int | None,
    consent: ConsentRecord,
) -> Changed:
    """The team of this request: a new one, or what the request formed when it came before."""
    settle_card(transaction, found)
    card, named = found.record.card, check_name(name)
    circle_id = circle_id_of(card, consent.by, request)
    row = transaction.rows.get("circle", record_id=card.record_id, circle_id=circle_id)
    if row is None:
        circle = circle_of(circle_id, named, consent, end_of_team(consent, members, until))
    elif (circle := open_circle(card, row)).name != named:
        raise Conflict("This request id was used for another team: draw a new one.", code="request_reused")
    return _join(transaction, found, _Team(circle, row), members)


def _change(transaction: Transaction, found: Attempt, team: _Team, members: Sequence[str]) -> Changed:
    settle_card(transaction, found)
    if found.request.action is Action.END_TEAM:
        return _end(transaction, found, team)
    check_members(members, MOST_MEMBERS if found.actor.role is Role.PATIENT else MOST_RECORDED)
    change = _leave if found.request.action is Action.LEAVE_TEAM else _join
    return change(transaction, found, team, members)


def _join(transaction: Transaction, found: Attempt, team: _Team, lines: Sequence[str]) -> Changed:
    """Give each that is none yet a ground of this team; wrong lines are told, and the rest goes on."""
    card, circle, now = found.record.card, team.circle, transaction.now
    if not circle.is_live(now):
        raise Conflict("This team has ended: form a new one.", code="team_ended")
    rows = authorisation_rows(transaction.rows, card, {*lines})
    present = {each.professional: each for each in (open_authorisation(card, row) for row in rows)}
    told, joining = new_members(circle, lines, present.values(), now)
    changed = [join(present.get(each), each, ground_of(circle, present.get(each), now)) for each in joining]
    if team.row is None and not changed:
        raise Invalid("No line names a professional by the national number.", code="bad_rpps")
    after = replace(circle, members=circle.members + len(changed))
    _keep(transaction, found, team, after, _Members(changed, rows))
    return _told(after, told)


def _leave(transaction: Transaction, found: Attempt, team: _Team, members: Sequence[str]) -> Changed:
    """End the access that members have by this team, and by nothing else."""
    card, circle, now = found.record.card, team.circle, transaction.now
    rows = authorisation_rows(transaction.rows, card, {*members})
    opened = [open_authorisation(card, each) for each in rows]
    left = [leave(each, circle.circle_id, now) for each in opened if membership(each, circle, now)]
    changed = [replace(each, archived=not each.is_live(now)) for each in left]
    after = replace(circle, members=circle.members - len(changed))
    _keep(transaction, found, team, after, _Members(changed, rows))
    return _told(after)


def _end(transaction: Transaction, found: Attempt, team: _Team) -> Changed:
    """One write, whoever is a member: a ground counts only while its team runs."""
    circle, details = team.circle, {}
    if is_contested(found.actor, circle, found.request.action):
        details = {"contested": True, "professional": circle.consent.by}
    after = ended(circle, transaction.now)
    _keep(transaction, found, team, after, _Members(), details)
    return _told(after)


@dataclass(frozen=True, slots=True)
class _Members:
    """Authorisations as they are from now on, and the rows that some have."""

    changed: Sequence[Authorisation] = ()
    rows: Sequence[Row] = ()


def _keep(
    transaction: Transaction,
    found: Attempt,
    team: _Team,
    after: Circle,
    members: _Members,
    details: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Seal what changed of the team and its members, with the events that name it, and tell the holder."""
    tx, card, named = transaction.rows, found.record.card, dict[str, object](team=after.name)
    told: dict[str, object] = {**named, **details}
    if team.row is None or after != team.circle:
        told |= keep_circle(tx, card, after, team.row).told("circle")
        queue_notice(transaction, card, kind=_notice(found), hourly=team.row is not None)
    kept = keep_authorisations(tx, card, members.changed, members.rows)
    for at in range(0, max(1, len(kept)), TOLD_AT_ONCE):
        some = slice(at, at + TOLD_AT_ONCE)
        people = " ".join(each.professional for each in members.changed[some])
        rows = {"professionals": people, **told_together(kept[some])} if people else {}
        transaction.append(found.record.chain, found.event(details=told | rows))
        told = named


def _notice(found: Attempt) -> NoticeKind:
    """A professional's word is told as such; that one left takes nothing from the holder."""
    if found.actor.role is Role.PROFESSIONAL and found.request.action is not Action.LEAVE_TEAM:
        return NoticeKind.CONSENT_RECORDED
    return NOTICE_OF_CHANGE[found.request.action]


def _told(circle: Circle, lines: Sequence[MemberLine] = ()) -> Changed:
    return Changed({**team_json(circle), "results": [each.to_json() for each in lines]})
