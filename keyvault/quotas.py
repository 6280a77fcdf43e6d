"""Quotas: the number of different records that one credential or one structure may touch (requirement R33).

A person's calls count before anything is opened, denials included, once per (person, record, hour): a stolen
card stops after its limit, whatever it asks for. A structure's counter counts what its people were permitted,
so that nobody who is refused uses up what colleagues need. Emergencies have an allowance of their own.

Refused calls are also counted each, for the person and for the person on one record: who goes on asking for
what is refused is told to stop. What is permitted is never stopped by these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from keyvault.store import VaultTransaction
from records.durations import DAY_MS, HOUR_MS
from records.people.actors import Actor
from records.vocabulary.codes import Role

Pseudonym = Callable[[bytes, bytes], bytes]  # label and value → 32 bytes that say nothing without a key


@dataclass(frozen=True, slots=True)
class Quota:
    """Distinct records (for depositors: submissions) in a sliding hour and a sliding day."""

    per_hour: int
    per_day: int


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits by role; `deposited_mib` bounds what one structure deposits.

    Calls for an emergency have counters of their own, under the limits of `emergency_…` or, where those leave
    a role out, under its others. `refused` bounds the refused calls of one person, `refused_record` those of
    one person on one record, each call counted; depositors have none, whose submissions each count already.
    """

    credential: Mapping[Role, Quota]
    structure: Mapping[Role, Quota]
    deposited_mib: Quota
    emergency_credential: Mapping[Role, Quota] = field(default_factory=dict)
    emergency_structure: Mapping[Role, Quota] = field(default_factory=dict)
    refused: Mapping[Role, Quota] = field(default_factory=dict)
    refused_record: Mapping[Role, Quota] = field(default_factory=dict)
    emergency_refused: Mapping[Role, Quota] = field(default_factory=dict)
    emergency_refused_record: Mapping[Role, Quota] = field(default_factory=dict)

    def of_person(self, role: Role, emergency: bool) -> Quota | None:
        return (emergency and self.emergency_credential.get(role)) or self.credential.get(role)

    def of_structure(self, role: Role, emergency: bool) -> Quota | None:
        return (emergency and self.emergency_structure.get(role)) or self.structure.get(role)

    def of_refused(self, role: Role, emergency: bool) -> Quota | None:
        return (emergency and self.emergency_refused.get(role)) or self.refused.get(role)

    def of_refused_record(self, role: Role, emergency: bool) -> Quota | None:
        return (emergency and self.emergency_refused_record.get(role)) or self.refused_record.get(role)


DEFAULT_QUOTAS = Quotas(
    credential={
        Role.PATIENT: Quota(20, 50),
        Role.PROFESSIONAL: Quota(200, 1_000),
        Role.DEPOSITOR: Quota(20_000, 200_000),
        Role.OPERATOR: Quota(1_000, 5_000),
    },
    structure={
        Role.PROFESSIONAL: Quota(5_000, 40_000),
        Role.DEPOSITOR: Quota(100_000, 1_000_000),
    },
    deposited_mib=Quota(2 * 2**20, 20 * 2**20),  # 2 TiB an hour, 20 TiB a day
    emergency_credential={Role.PROFESSIONAL: Quota(100, 400)},
    emergency_structure={Role.PROFESSIONAL: Quota(2_000, 15_000)},
    refused=dict.fromkeys((Role.PATIENT, Role.PROFESSIONAL, Role.OPERATOR), Quota(2_000, 10_000)),
    refused_record=dict.fromkeys((Role.PATIENT, Role.PROFESSIONAL, Role.OPERATOR), Quota(500, 2_000)),
    emergency_refused={Role.PROFESSIONAL: Quota(400, 1_600)},
    emergency_refused_record={Role.PROFESSIONAL: Quota(100, 400)},
)


@dataclass(frozen=True, slots=True)
class Touch:
    """That `actor` touches the record or submission that `touched` names, however it was spelled."""

    actor: Actor
    touched: bytes = field(repr=False)
    emergency: bool = False


def exceeded(
    tx: VaultTransaction, quotas: Quotas, pseudonym: Pseudonym, touches: Sequence[Touch], now_ms: int
) -> bool:
    """Count the touches of one call for the person alone; True where the person's limit is passed."""
    if not touches:
        return False
    first = touches[0]
    quota = quotas.of_person(first.actor.role, first.emergency)
    if quota is None:
        return False
    subject = _person(pseudonym, first)
    touched = (pseudonym(b"coffre-touched-v1", touch.touched) for touch in touches)
    new = sum([first_this_hour(tx, subject, each, now_ms) for each in touched])
    counts = _count(tx, subject, new, now_ms) if new else _counted(tx, subject, now_ms)
    return _over(counts, quota, now_ms)


def is_past(tx: VaultTransaction, quotas: Quotas, pseudonym: Pseudonym, touch: Touch, now_ms: int) -> bool:
    """Whether the person's limit is passed already, whatever is touched; nothing is counted."""
    quota = quotas.of_person(touch.actor.role, touch.emergency)
    if quota is None:
        return False
    return _over(_counted(tx, _person(pseudonym, touch), now_ms), quota, now_ms)


def structure_exceeded(
    tx: VaultTransaction, quotas: Quotas, pseudonym: Pseudonym, touch: Touch, now_ms: int
) -> bool:
    """Count a touch that is about to be permitted for the actor's structure, if there is room for it.

    True where there is none: then nothing is counted, and who was permitted this record in this hour goes on.
    """
    actor = touch.actor
    quota = quotas.of_structure(actor.role, touch.emergency)
    if quota is None or not actor.structure:
        return False
    name = _name("structure", actor.role.value, actor.structure, *_kind(touch))
    subject = pseudonym(b"coffre-quota-v1", name)
    touched = pseudonym(b"coffre-touched-v1", touch.touched)
    return not _taken(tx, subject, touched, quota, now_ms)


def _taken(tx: VaultTransaction, subject: bytes, touched: bytes, quota: Quota, now_ms: int) -> bool:
    """Whether one more fits, which is then counted."""
    if not first_this_hour(tx, subject, touched, now_ms) or _fits(tx, subject, 1, quota, now_ms):
        return True
    tx.delete("quota", subject=subject, record=touched, hour=now_ms // HOUR_MS)
    return False


def _fits(tx: VaultTransaction, subject: bytes, added: int, quota: Quota, now_ms: int) -> bool:
    """Count, and take it back where the limit is passed: until the end nobody else sees the counter."""
    fits = not _over(_count(tx, subject, added, now_ms), quota, now_ms)
    if not fits:
        _count(tx, subject, -added, now_ms)
    return fits


def first_this_hour(tx: VaultTransaction, subject: bytes, touched: bytes, now_ms: int) -> bool:
    """Whether `subject` touches this for the first time in this clock hour; both are pseudonyms."""
    hour = now_ms // HOUR_MS
    return tx.insert_new("quota", {"subject": subject, "record": touched, "hour": hour, "at": now_ms})


def refused_too_often(
    tx: VaultTransaction, quotas: Quotas, pseudonym: Pseudonym, touch: Touch, now_ms: int
) -> bool:
    """Count a refused call for the person, and for the person on this record; True beyond either limit."""
    actor = touch.actor
    name = _name("refused", *actor.person, *_kind(touch))
    limits = (
        (quotas.of_refused(actor.role, touch.emergency), pseudonym(b"coffre-quota-v1", name)),
        (
            quotas.of_refused_record(actor.role, touch.emergency),
            pseudonym(b"coffre-refused-v1", name + b"\x00" + touch.touched),
        ),
    )
    over = [_over(_count(tx, subject, 1, now_ms), quota, now_ms) for quota, subject in limits if quota]
    return any(over)


def deposited_too_much(
    tx: VaultTransaction, quotas: Quotas, pseudonym: Pseudonym, actor: Actor, size: int, now_ms: int
) -> bool:
    """Count `size` bytes for the depositor's structure, if they fit; True where they don't."""
    name = _name("deposited", actor.structure or actor.subject)
    subject = pseudonym(b"coffre-quota-v1", name)
    added = -(-size // 2**20)
    return bool(added) and not _fits(tx, subject, added, quotas.deposited_mib, now_ms)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What was counted in this clock hour, in the last one, and from 23 hours ago on without this one."""

    now: int
    before: int
    others: int


def _over(counts: _Counts, quota: Quota, now_ms: int) -> bool:
    # the sliding hour weighs the previous clock hour by what is left of it in the window
    left = 1 - (now_ms % HOUR_MS) / HOUR_MS
    sliding = counts.now + counts.before * left
    return sliding > quota.per_hour or counts.now + counts.others > quota.per_day


def _count(tx: VaultTransaction, subject: bytes, added: int, now_ms: int) -> _Counts:
    """Count, and say how many that makes: one statement, and others wait for this counter."""
    row = tx.count(subject, now_ms // HOUR_MS, added)
    return _Counts(row["n"], row["before"], row["others"])


def _counted(tx: VaultTransaction, subject: bytes, now_ms: int) -> _Counts:
    hour = now_ms // HOUR_MS
    rows = tx.find("quota_count", subject=subject, hour__gt=hour - 24)
    counts = {row["hour"]: row["n"] for row in rows}
    return _Counts(counts.pop(hour, 0), counts.get(hour - 1, 0), sum(counts.values()))


def forget_old(tx: VaultTransaction, now_ms: int) -> None:
    """Drop counters that no window can see any more."""
    tx.delete("quota", at__lt=now_ms - 2 * DAY_MS)
    tx.delete("quota_count", hour__lt=now_ms // HOUR_MS - 48)


def _person(pseudonym: Pseudonym, touch: Touch) -> bytes:
    name = _name("person", *touch.actor.person, *_kind(touch))
    return pseudonym(b"coffre-quota-v1", name)


def _kind(touch: Touch) -> tuple[str, ...]:
    return ("emergency",) if touch.emergency else ()


def _name(*names: str) -> bytes:
    return "\x00".join(names).encode()
