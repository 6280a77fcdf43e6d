"""Ask whether a grant that was given still holds: at each request for an object, and for new addresses.

One statement compares what the last decision rests on with what is there now. Where something moved, it is
decided again, and what is still permitted is kept for the next range.
"""

from collections.abc import Callable, Collection
from uuid import UUID

from keyvault.context import Vault
from keyvault.store import Row, VaultTransaction
from keyvault.verbs.attempt import refuse
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.preamble import Preamble
from keyvault.verbs.reader.grants.judging_again import Judged, judge_again, judge_held
from keyvault.verbs.reader.grants.kept_grants import GrantedBlob, KeptGrant, keep_standing, open_grant, stands
from records.errors import NotFound
from records.people.actors import Actor
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode

MOST_JUDGED = 300
"""Of a grant of more blobs than this, each range judges its own blob alone, and keeps nothing."""


class GrantChecks:
    """What asking of a grant again has in common, whoever asks. A door knows the grants that came through it,
    and no others.
    """

    _vault: Vault
    _opened_by: str | None = None

    def _read(self, grant: Row | None, now_ms: int) -> KeptGrant | None:
        """What was kept of a grant of this door's that has not expired."""
        kept = open_grant(self._vault, grant, now_ms)
        return kept if kept is not None and kept.opened_by == self._opened_by else None

    def _judge(
        self, tx: VaultTransaction, grant: Row, kept: KeptGrant, blobs: Collection[GrantedBlob], now_ms: int
    ) -> Judged:
        judge = judge_held if kept.opened_by else judge_again
        return judge(self._vault, tx, grant, kept, blobs, now_ms)

    def _all_stand(
        self,
        call: Call,
        actor: Actor,
        grant_id: UUID,
        is_callers: Callable[[VaultTransaction, Row, KeptGrant], bool],
    ) -> tuple[bool, tuple[GrantedBlob, ...]] | Denied:
        """Whether everything that a grant of the caller's own gives would still be permitted; its objects.

        Raises `NotFound` "no_such_grant" for another's, an expired or an unknown grant, after its line in the
        log.
        """
        vault = self._vault
        now_ms = vault.now_ms()
        with vault.store.reading() as tx:
            grant = tx.standing(grant_id)
            kept = self._read(grant, now_ms)
            if grant is None or kept is None or not kept.is_of(actor) or not is_callers(tx, grant, kept):
                judged = None
            elif stands(grant, kept, now_ms) and not kept.refused:
                return True, kept.blobs
            else:
                judged = self._judge(tx, grant, kept, kept.blobs, now_ms)
        if grant is None or kept is None or judged is None:
            return self._refuse_unknown(call, actor, grant_id)
        self._keep(grant, kept, judged, kept.blobs)
        # the first refusal is told, and all are refused
        return all(self._told(grant, kept, judged, blob) for blob in kept.blobs), kept.blobs

    def _keep(self, grant: Row, kept: KeptGrant, judged: Judged, blobs: Collection[GrantedBlob]) -> None:
        """A judgement of the whole grant that permits some of it is kept for the next range."""
        if judged.standing is None or len(blobs) < len(kept.blobs) or len(judged.refused) == len(blobs):
            return
        keep_standing(self._vault, grant, kept, [*judged.refused], judged.standing)

    def _told(self, grant: Row, kept: KeptGrant, judged: Judged, blob: GrantedBlob) -> bool:
        reason = judged.refused.get(blob)
        if reason is not None:
            self._log_no_longer(grant, kept, reason, blob[0])
        return reason is None

    def _log_no_longer(self, grant: Row, kept: KeptGrant, reason: ReasonCode, blob_id: UUID) -> None:
        call = Call(token="", purpose=PurposeOfUse(grant["purpose"]), reason=kept.reason)
        with self._vault.transaction() as transaction:
            if not transaction.first_this_hour(
                b"coffre-still-v1", grant["grant_id"].bytes, reason.value.encode()
            ):
                return
            record = self._vault.open(
                transaction.rows, transaction.rows.get("record", record_id=grant["record_id"])
            )
            refuse(self._vault, transaction, call, kept.actor, Action.STILL, record, reason, str(blob_id))

    def _refuse_unknown(self, call: Call, actor: Actor, grant_id: UUID) -> Denied:
        """A grant that isn't there and another's are refused alike, on chain 0."""
        preamble = Preamble.of(call, actor, Action.STILL, grant_id.bytes)
        with self._vault.transaction() as transaction:
            refused = preamble.refuse(
                transaction, self._vault.system_chain, ReasonCode.NOT_AUTHORISED, about=grant_id.bytes
            )
        if refused.is_of_quota:
            return refused
        # raised after the commit, so that the refusal keeps its line in the log
        raise NotFound("There is no such grant of yours, or it has expired.", code="no_such_grant")


class RecheckingVerbs(GrantChecks):
    """For the reader and the gateway."""

    def recheck(self, grant_id: UUID, blob_id: UUID, version: int) -> bool:
        """Whether this grant's actor would be permitted this object now, on the present card.

        Only a refusal is logged, the first of its reason in an hour: the permit has its event already,
        and whoever has an address must not make the log grow with it.
        """
        vault, blob, now_ms = self._vault, (blob_id, version), self._vault.now_ms()
        with vault.store.reading() as tx:
            grant = tx.standing(grant_id)
            kept = self._read(grant, now_ms)
            if grant is None or kept is None or blob not in kept.blobs:
                return False
            known = stands(grant, kept, now_ms)
            if known and blob not in kept.refused:
                return True
            # what was refused is asked again for itself: there is a reason to tell
            blobs = [blob] if known or len(kept.blobs) > MOST_JUDGED else kept.blobs
            judged = self._judge(tx, grant, kept, blobs, now_ms)
        self._keep(grant, kept, judged, blobs)
        return self._told(grant, kept, judged, blob)


class RenewingVerbs(GrantChecks):
    """For the reader."""

    def renew(self, call: Call, grant_id: UUID) -> tuple[GrantedBlob, ...] | Denied:
        """The objects of the caller's own grant, if each would still be permitted; for new addresses.

        Raises `NotFound` "no_such_grant" for another's, an expired or an unknown grant, after its line in the
        log.
        """
        actor = caller(self._vault, call, "renew", grant_id=grant_id)
        answer = self._all_stand(call, actor, grant_id, lambda *_: True)
        if isinstance(answer, Denied):
            return answer
        stands, blobs = answer
        return blobs if stands else Denied(ReasonCode.NOT_AUTHORISED)


class HoldingVerbs(GrantChecks):
    """For the gateway, which holds grants for longer than one answer."""

    def recheck_held(self, call: Call, locator: str, grant_id: UUID) -> bool | Denied:
        """Whether all that a held grant gives would still be permitted to this caller, on the present card,
        and is still there: neither withdrawn nor replaced.

        The grant is one of the caller's own credential, purpose and reason, in the record that `locator`
        names; of any other, an expired or an unknown one, raises `NotFound` "no_such_grant", after its line
        in the log. A permit is no event: the grant has its own. A refusal has one an hour, as of `recheck`.
        """
        vault = self._vault
        actor = caller(vault, call, "recheck_held", locator=locator, grant_id=grant_id)

        def is_callers(tx: VaultTransaction, grant: Row, kept: KeptGrant) -> bool:
            record = vault.find_record(tx, locator)
            asked = (record["record_id"] if record else None, call.purpose.value, call.reason)
            return asked == (grant["record_id"], grant["purpose"], kept.reason)

        answer = self._all_stand(call, actor, grant_id, is_callers)
        return answer if isinstance(answer, Denied) else answer[0]
