"""The state of a vault for `coffre status`: bounded counts and its log's state, from rows alone."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from keyvault.keys.states import ISSUER_ACTIVE, LIVE, RETIRING, RUNNING, root_rotation, was_there_first
from keyvault.restore.frozen import read_frozen
from keyvault.restore.shipped import shipped_size
from keyvault.store import VaultRows
from records.durations import HOUR_MS
from records.notices import UNDELIVERED_FOR, NoticeState
from records.vocabulary.door_events import THRESHOLDS, DoorEvent

_MOST = 1_000
_MOST_SHOWN = 50
_NEW_S = 7 * 86_400


def vault_status(tx: VaultRows, root: str, now_ms: int, *, has_second_place: bool) -> dict[str, Any]:
    """`root`: the name of its root, of which the kind is shown. Counts end at 1 000."""
    last = tx.find("checkpoint", order="-size", limit=1)
    newest = tx.find("leaf", order="-position", limit=1)
    rotations, state = root_rotation(tx).split()
    return {
        "root": root.partition(":")[0],
        "root_rotations": int(rotations),
        "root_rotation_running": state == RUNNING,
        "shards": len(tx.find("shard", state=LIVE)),
        "shards_retiring": len(tx.find("shard", state=RETIRING)),
        "log_size": newest[0]["position"] + 1 if newest else 0,
        "log_pending": len(tx.find("pending", limit=_MOST)),
        "log_signed": last[0]["size"] if last else 0,
        "log_shipped": shipped_size(tx) if has_second_place else None,
        "frozen": read_frozen(tx) is not None,
        **issuers_told(tx, now_ms // 1000),
        **doors_told(tx, now_ms),
        "notices": {name: count for name, count in notice_counts(tx).items() if count},
        "notices_oldest_waiting_s": oldest_waiting_s(tx, now_ms),
    }


def issuers_told(tx: VaultRows, now: int) -> dict[str, Any]:
    """How many issuers are accepted, and the names of those that are new: first seen this week, or never.
    Those that the vault was set up with are no news.
    """
    rows = tx.find("issuer", state=ISSUER_ACTIVE, order=("name", "key_id"), limit=_MOST)
    new = [
        row["name"]
        for row in rows
        if not was_there_first(row) and (row["first_seen"] is None or now - row["first_seen"] < _NEW_S)
    ]
    return {"issuers": len(rows), "issuers_new": new[:_MOST_SHOWN]}


def doors_told(tx: VaultRows, now_ms: int) -> dict[str, Any]:
    """How often each event of the doors came in this clock hour, over all processes; and those that passed
    their threshold in this hour or the one before.
    """
    hour = now_ms // HOUR_MS
    found = [(event, at, _counted(tx, event, at)) for event in DoorEvent for at in (hour - 1, hour)]
    past = {event.value for event, _, n in found if n > THRESHOLDS.per_hour.get(event, n)}
    return {
        "doors": {event.value: n for event, at, n in found if at == hour and n},
        "doors_past_threshold": sorted(past),
    }


def counter_of(event: DoorEvent) -> bytes:
    """Under which the vault counts an event; it takes no key to find it."""
    return hashlib.sha256(b"coffre-door-v1\0" + event.value.encode()).digest()


def _counted(tx: VaultRows, event: DoorEvent, hour: int) -> int:
    row = tx.get("quota_count", subject=counter_of(event), hour=hour)
    return 0 if row is None else int(row["n"])


def notices_told(tx: VaultRows) -> dict[str, Any]:
    """For `coffre notices`: how many of each, and the newest that reached nobody."""
    counts = {name: count for name, count in notice_counts(tx).items() if count}
    return {"counts": counts, "undelivered": _undelivered(tx)}


def _undelivered(tx: VaultRows) -> list[dict[str, Any]]:
    """The newest notices that reached nobody: when they were queued, for whom in one word, and why."""
    where = {"state": NoticeState.UNDELIVERED.value}
    rows = tx.find("notice", order=("-created_at", "-notice_id"), limit=_MOST_SHOWN, **where)
    return [
        {
            "queued": datetime.fromtimestamp(row["created_at"] / 1000, UTC).isoformat(timespec="seconds"),
            "recipient": row["recipient"],
            "reason": row["outcome"],
            "attempts": row["attempts"],
        }
        for row in rows
    ]


def notice_counts(tx: VaultRows) -> dict[str, int]:
    """Notices by state, and those that reached nobody by the reason; each number ends at 1 000."""
    states = (state for state in NoticeState if state is not NoticeState.UNDELIVERED)
    counts = {state.value: len(tx.find("notice", state=state.value, limit=_MOST)) for state in states}
    for reason in UNDELIVERED_FOR:
        where = {"state": NoticeState.UNDELIVERED.value, "outcome": reason.value}
        counts[f"{NoticeState.UNDELIVERED}_{reason}"] = len(tx.find("notice", limit=_MOST, **where))
    return counts


def oldest_waiting_s(tx: VaultRows, now_ms: int) -> int | None:
    """How long the first of the notices that are queued has waited; None where none is."""
    first = tx.find("notice", order="created_at", limit=1, state=NoticeState.QUEUED.value)
    return max(0, now_ms - first[0]["created_at"]) // 1000 if first else None
