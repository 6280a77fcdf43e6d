"""Release: the one place where data keys leave the vault, sealed to a recipient, after the event is kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from audit.audit_event import OPENED_BY
from keyvault.context import Vault
from keyvault.grants.grant import LONGEST_GRANT, check_recipient, seal_grant
from keyvault.log.appending import Appended
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt, refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.open_emergencies import use_changes_at
from keyvault.verbs.reader.grants.granted import OpenedGrant, RefusedGrant, open_granted
from keyvault.verbs.reader.grants.kept_grants import keep_grant
from keyvault.verbs.reader.lists.snapshot import Question, carry_out
from keyvault.verbs.rows import SealedRow
from records.errors import NotFound
from records.vocabulary.codes import Action, Obligation, ReasonCode


@dataclass(frozen=True, slots=True)
class Released:
    """A grant without its URLs, the objects it opens as (blob id, version), and whose each of them is: the
    document that has bytes in it.
    """

    grant: dict[str, Any]
    objects: tuple[tuple[UUID, int], ...]
    documents: tuple[UUID, ...]


class ReleasingVerbs:
    """For the reader, whose callers open their grants themselves, and for the gateway, which opens them."""

    _vault: Vault
    _opened_by: str | None = None
    """Who opens what this door gives, where it isn't the caller: every line of a grant names it."""

    def release(
        self,
        call: Call,
        record_id: UUID,
        rows: Sequence[SealedRow],
        *,
        documents: Sequence[Sequence[UUID]] | None,
        recipient: bytes,
        suite: int = 1,
        renditions: bool = True,
    ) -> Released | Denied:
        """Decide, log, and seal the keys of `documents` (None: everything visible) to `recipient`.

        Each member names one thing by the documents it consists of: itself, or those of a study. What may be
        seen of it is granted; where that is nothing, the whole grant is refused with `NotFound`
        "no_such_document". `renditions`: False leaves them out, for a recipient that doesn't know the kind.
        """
        check_recipient(recipient)
        actor = caller(
            self._vault,
            call,
            "release",
            record_id=record_id,
            documents=documents,
            recipient=recipient,
            suite=suite,
        )

        def opened(tx: VaultTransaction, found: Attempt) -> OpenedGrant | RefusedGrant:
            return open_granted(self._vault, tx, found, rows, documents, renditions=renditions)

        def told(
            transaction: Transaction, found: Attempt, what: OpenedGrant | RefusedGrant
        ) -> Released | Denied | NotFound:
            if isinstance(what, OpenedGrant):
                return self._seal(transaction, found, what, recipient, suite)
            refused = self._refuse(transaction, found, what.why, what.object_id)
            absent = what.why is ReasonCode.NO_SUCH_DOCUMENT and not refused.is_of_quota
            return _no_such_document(refused) if absent else refused

        asked = Question(call, actor, Action.RETRIEVE, record_id)
        released = carry_out(self._vault, asked, opened, told)
        if isinstance(released, NotFound):
            raise released  # after the commit, so that the refusal keeps its line in the log
        return released

    def _refuse(
        self, transaction: Transaction, found: Attempt, reason: ReasonCode, object_id: str | None
    ) -> Denied:
        return refuse(
            self._vault,
            transaction,
            found.call,
            found.actor,
            Action.RETRIEVE,
            found.record,
            reason,
            object_id,
        )

    def _seal(
        self,
        transaction: Transaction,
        found: Attempt,
        opened: OpenedGrant,
        recipient: bytes,
        suite: int,
    ) -> Released:
        grant_id = uuid4()
        expires = min(
            transaction.now + LONGEST_GRANT, found.actor.expires_at or transaction.now + LONGEST_GRANT
        )
        objects = tuple((row["blob_id"], row["version"]) for row in opened.blobs)
        appended = _log(transaction, found, grant_id, opened, self._opened_by)
        until = self._until(transaction, found, opened, expires)
        keep_grant(self._vault, transaction, found, grant_id, expires, objects, until, self._opened_by)
        signing = self._vault.keyring.signing("grant")
        grant = seal_grant(
            suite=suite,
            grant_id=grant_id,
            issued=transaction.now,
            expires=expires,
            record=found.public_id,
            purpose=found.call.purpose.value,
            actor=appended.actor or bytes(32),
            recipient=recipient,
            body=opened.body,
            event=appended.leaf,
            key_id=signing.key_id,
            sign=signing.sign,
        )
        return Released(grant, objects, opened.holders)

    def _until(self, transaction: Transaction, found: Attempt, opened: OpenedGrant, expires: int) -> int:
        """The instant (ms) at which the first thing ends that this grant relies on."""
        now_ms = transaction.now_ms
        window = use_changes_at(self._vault, transaction.rows, found.record, found.request, now_ms)
        ends = (opened.until if opened.until is not None else expires, expires)
        return min(*(end * 1000 for end in ends), *([] if window is None else [window]))


def _no_such_document(refused: Denied) -> NotFound:
    """Alike for hidden and absent, to one actor; who may be refused by an assumed cell is told that."""
    if Obligation.TELL_ASSUMED_RIGHT in refused.obligations:
        return NotFound(
            "There is no such document in this record, or it is of a type that we take to be closed to your "
            "profession: ask the hosting team if you need it.",
            code="no_such_document",
        )
    return NotFound("There is no such document in this record.", code="no_such_document")


def _log(
    transaction: Transaction, found: Attempt, grant_id: UUID, opened: OpenedGrant, opened_by: str | None
) -> Appended:
    """The line that is kept before any key leaves; it names the keys by their commitments."""
    wanted = opened.documents
    by = {} if opened_by is None else {OPENED_BY: opened_by}
    event = found.event(
        object_id=str(wanted[0]) if len(wanted) == 1 else None,
        commitment=hashlib.sha256(b"".join(row["commitment"] for row in opened.blobs)).digest(),
        grant=grant_id,
        obligations=opened.obligations,
        details={"documents": len(wanted), **by},
    )
    appended = transaction.append(found.record.chain, event)
    assert appended is not None  # a permit
    return appended
