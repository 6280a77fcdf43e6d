"""How many different records one credential or one structure may touch (requirement R33).

Counted before anything is opened, denials included, once per (subject, record, hour): a stolen card stops
after the limit whatever it asks for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keyvault.store import VaultTransaction
from records.actors import Actor
from records.vocabulary.codes import Role

Pseudonym = Callable[[bytes, bytes], bytes]  # label and value → 32 bytes that say nothing without a key

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Quota:
    """Distinct records (for depositors: submissions) in a sliding hour and a sliding day."""

    per_hour: int
    per_day: int


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits by role; `deposited_mib` bounds what one structure deposits."""

    credential: Mapping[Role, Quota]
    structure: Mapping[Role, Quota]
    deposited_mib: Quota


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
)


def exceeded(
    tx: VaultTransaction, quotas: Quotas, pseudonym: Pseudonym, actor: Actor, touched: bytes, now_ms: int
) -> bool:
    """Count that `actor` touches the record that `touched` names; True where a limit is passed."""
    over = False
    record = pseudonym(b"coffre-touched-v1", touched)
    for name, quota in _subjects(quotas, actor):
        subject = pseudonym(b"coffre-quota-v1", name)
        new = first_this_hour(tx, subject, record, now_ms)
        counts = _count(tx, subject, now_ms // HOUR_MS, int(new))
        over = over or _over(counts, quota, now_ms)
    return over


def first_this_hour(tx: VaultTransaction, subject: bytes, touched: bytes, now_ms: int) -> bool:
    """Whether `subject` touches this for the first time in this clock hour; both are pseudonyms."""
    hour = now_ms // HOUR_MS
    return tx.insert_new("quota", {"subject": subject, "record": touched, "hour": hour, "at": now_ms})


def deposited_too_much(
    tx: VaultTransaction, quotas: Quotas, pseudonym: Pseudonym, actor: Actor, size: int, now_ms: int
) -> bool:
    """Count `size` bytes for the depositor's structure; True where a limit is passed."""
    name = _name("deposited", actor.structure or actor.subject)
    subject = pseudonym(b"coffre-quota-v1", name)
    counts = _count(tx, subject, now_ms // HOUR_MS, -(-size // 2**20))
    return _over(counts, quotas.deposited_mib, now_ms)


def _over(counts: Mapping[int, int], quota: Quota, now_ms: int) -> bool:
    # the sliding hour weighs the previous clock hour by what is left of it in the window
    hour, left = now_ms // HOUR_MS, 1 - (now_ms % HOUR_MS) / HOUR_MS
    sliding = counts.get(hour, 0) + counts.get(hour - 1, 0) * left
    return sliding > quota.per_hour or sum(counts.values()) > quota.per_day


def _count(tx: VaultTransaction, subject: bytes, hour: int, added: int) -> dict[int, int]:
    """Counts per clock hour of the last day, this one included; 24 rows whatever the quota."""
    current = tx.get("quota_count", lock=True, subject=subject, hour=hour)
    if current is None:
        # two processes may begin the same hour at once: the loser of the insert waits here for the lock
        tx.insert_new("quota_count", {"subject": subject, "hour": hour, "n": 0})
        current = tx.get("quota_count", lock=True, subject=subject, hour=hour)
    assert current is not None
    if added:
        tx.update("quota_count", {"n": current["n"] + added}, subject=subject, hour=hour)
    rows = tx.find("quota_count", subject=subject, hour__gt=hour - 24)
    return {row["hour"]: row["n"] for row in rows}


def forget_old(tx: VaultTransaction, now_ms: int) -> None:
    """Drop counters that no window can see any more."""
    tx.delete("quota", at__lt=now_ms - 2 * DAY_MS)
    tx.delete("quota_count", hour__lt=now_ms // HOUR_MS - 48)


def _subjects(quotas: Quotas, actor: Actor) -> list[tuple[bytes, Quota]]:
    subjects = []
    if quota := quotas.credential.get(actor.role):
        subjects.append((_name("person", actor.issuer, actor.subject), quota))
    if actor.structure and (quota := quotas.structure.get(actor.role)):
        subjects.append((_name("structure", actor.role.value, actor.structure), quota))
    return subjects


def _name(*names: str) -> bytes:
    return "\x00".join(names).encode()
