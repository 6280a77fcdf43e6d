"""Write to the log what the process of the doors tells of sign-ins (docs/adr/0040-watching-the-doors.md).

Who came in has a line: a patient on the own record's chain, everybody else on chain 0. Who did not is
counted, and has what other refusals have: a line at once, and one for all others of the hour.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from keyvault.context import Vault
from keyvault.keys.record_keys import care_key
from keyvault.log.appending import ORDINARY, Chain, Event, record_chain
from keyvault.status import counter_of
from keyvault.store import Row
from keyvault.transaction import Transaction
from records.door_notes import DoorNote
from records.durations import HOUR_MS
from records.errors import CoffreError, Invalid
from records.people.actors import Actor
from records.people.identity import INS
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode, Role
from records.vocabulary.door_events import COUNTED, FAILURES, THRESHOLDS, DoorEvent

log = logging.getLogger("coffre.vault")

MOST_NOTES = 500
REMEMBERED_S = 30 * 86_400
"""How long a note is known that was told already."""
_TOLD_AS = "door"


class DoorVerbs:
    """For the process at which people sign in; any number of copies of it."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def note(self, notes: Sequence[DoorNote]) -> list[DoorEvent]:
        """Write these notes; one that was written before changes nothing. Each commits by itself.

        Answers the events that passed their threshold of the hour with these. Raises `Invalid`
        "too_many_notes".
        """
        if len(notes) > MOST_NOTES:
            raise Invalid(f"Tell at most {MOST_NOTES} notes at once.", code="too_many_notes")
        return [each.event for each in notes if self._write(each)]

    def _write(self, note: DoorNote) -> bool:
        """Whether its event has now passed its threshold."""
        vault = self._vault
        with vault.transaction() as transaction:
            known = vault.pseudonym(b"coffre-door-note-v1", note.note_id.bytes)
            row = {"digest": known, "used_for": _TOLD_AS, "expires": transaction.now + REMEMBERED_S}
            if not transaction.rows.insert_new("proof", row):
                return False
            if note.event in FAILURES:
                self._refusals(transaction, note)
            elif not _is_number(note):
                self._arrival(transaction, note)
            return self._passes(transaction, note)

    def _arrival(self, transaction: Transaction, note: DoorNote) -> None:
        actor = _actor(note)
        chain, record = self._place(transaction, note.claims.get("ins"))
        told = {"door_event": note.event.value, "means": note.means, "at": _instant(note.at)}
        event = Event.of(
            Action.SIGN_IN,
            PurposeOfUse.NORMAL,
            actor,
            permitted=ReasonCode.PROVEN,
            record=record["public_id"] if record else None,
            details={name: value for name, value in told.items() if value},
        )
        transaction.append(chain, event)

    def _refusals(self, transaction: Transaction, note: DoorNote) -> None:
        chain, record = self._place(transaction, note.ins)
        event = Event.of(
            Action.SIGN_IN,
            PurposeOfUse.NORMAL,
            None,
            refused=FAILURES[note.event],
            record=record["public_id"] if record else None,
        )
        transaction.refusals.tell(chain, event, note.counted)

    def _place(self, transaction: Transaction, ins: str | None) -> tuple[Chain, Row | None]:
        """The chain of the person's record; chain 0 without one, or where its key is gone."""
        vault, tx = self._vault, transaction.rows
        try:
            row = vault.find_record(tx, ins) if ins else None
            if row is not None:
                return record_chain(tx, care_key(tx, vault.keyring, row), ORDINARY), row
        except CoffreError as error:
            log.warning("a sign-in has no record to stand on", extra={"code": error.code})
        return vault.system_chain, None

    def _passes(self, transaction: Transaction, note: DoorNote) -> bool:
        """Counted in the hour when it happened, which may be over; what is told of one person is part of a
        count of all that comes beside it.
        """
        if note.event in COUNTED and not _is_number(note):
            return False
        hour = min(note.at, transaction.now_ms) // HOUR_MS
        row = transaction.rows.count(counter_of(note.event), hour, note.counted)
        limit = THRESHOLDS.per_hour.get(note.event)
        if limit is None or not row["n"] - note.counted <= limit < row["n"]:
            return False
        told = {"door_event": DoorEvent.THRESHOLD.value, "of": note.event.value, "limit": limit}
        told["version"] = THRESHOLDS.version
        event = Event.of(Action.SIGN_IN, PurposeOfUse.NORMAL, None, permitted=ReasonCode.PROVEN, details=told)
        transaction.append(self._vault.system_chain, event)
        log.warning("more at the doors than is ordinary", extra={"event": note.event.value, "limit": limit})
        return True


def _is_number(note: DoorNote) -> bool:
    """Of all that came to the door, whoever it was about."""
    return note.event in COUNTED and note.ins is None and not note.claims


def _actor(note: DoorNote) -> Actor | None:
    """Who came in. None where nobody did, as for a letter that was asked for."""
    if note.role is None:
        return None
    told = note.claims
    is_holder = note.role is Role.PATIENT
    return Actor(
        role=note.role,
        issuer=_TOLD_AS,
        subject=note.subject,
        rpps=told.get("rpps"),
        profession=told.get("profession"),
        structure=told.get("structure"),
        ins=INS(*told["ins"].split("|")) if is_holder else None,
        sector=told.get("sector"),
        setting=told.get("setting"),
    )


def _instant(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
