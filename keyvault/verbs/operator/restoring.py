"""The end of a restored vault's freeze: it is brought forward, or an operator accepts what is lost."""

from dataclasses import replace

from keyvault.context import Vault
from keyvault.keys.secret_keys import Use
from keyvault.restore.forward import Brought, bring_forward, bring_segments
from keyvault.restore.frozen import FROZEN, Frozen, log_size, read_frozen
from keyvault.restore.second_place import Checkpoints, segments
from keyvault.store import VaultStore
from keyvault.transaction import Transaction
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.operator.inspecting import InspectingVerbs
from keyvault.verbs.operator.permission import denied, permit
from keyvault.verbs.preamble import Preamble
from records.emergency import SHORTEST_REASON, long_enough
from records.errors import Conflict, Invalid
from records.vocabulary.codes import Action, PurposeOfUse

# what was brought forward up to the checkpoint needs nobody's decision
_NOBODY = Preamble(action=Action.ROOT, actor=None, counted=b"", purpose=PurposeOfUse.NORMAL)


class RestoringVerbs:
    """For the command line, beside the vault's own store."""

    def __init__(self, vault: Vault) -> None:
        """`vault` with a store that does not refuse."""
        self._vault = vault

    def frozen(self) -> Frozen | None:
        with self._vault.store.reading() as tx:
            return read_frozen(tx)

    def replay(self, newer: VaultStore) -> Brought:
        """Bring log and keys forward to `newer`, a later copy of this vault. It stays frozen.

        Raises `Conflict` "not_frozen", CoffreError "other_log": then nothing changed.
        """
        self._must_be_frozen()
        with self._vault.store.writing() as tx, newer.reading() as later:
            return bring_forward(tx, later)

    def replay_shipped(self) -> Brought:
        """The same from the second place. Raises `Conflict` "no_second_place", or "segments_gone"."""
        self._must_be_frozen()
        vault, place = self._vault, self._vault.second_place
        if place is None:
            raise Conflict("No second place is set: set COFFRE_SECOND_PLACE_URL.", code="no_second_place")
        origin, key = vault.settings.origin, vault.keyring.accountability.first(Use.SEGMENT)
        checkpoints = Checkpoints(place, origin, vault.keyring.signing("checkpoint").public)
        with vault.store.writing() as tx:
            shipped = segments(place, key, origin, checkpoints, log_size(tx))
            return bring_segments(tx, shipped, checkpoints)

    def end(self, brought: Brought | None) -> int:
        """Verify the log and end the freeze, if it reaches the largest checkpoint known; else answers how
        many entries are missing.

        Without a known checkpoint the newer copy was the outside knowledge: `brought` says it was there.
        Raises `LogFault`, `Conflict` "nothing_known".
        """
        frozen = self._must_be_frozen()
        with self._vault.store.reading() as tx:
            size = log_size(tx)
        if frozen.known_size is None and brought is None:
            raise Conflict(
                "No checkpoint from outside is known: replay a newer backup, or accept the gap.",
                code="nothing_known",
            )
        missing = max(0, (frozen.known_size or 0) - size)
        witnessed = [frozen.known_note] if frozen.known_note and not missing else []
        InspectingVerbs(self._vault).verify_log(witnessed)
        if not missing:
            with self._vault.transaction() as transaction:
                told = {"restored": "replayed", "from": frozen.size, "to": size}
                self._unfreeze(transaction, _NOBODY, told)
        return missing

    def accept_gap(self, call: Call, reason: str) -> Denied | None:
        """End the freeze although something may be missing; the log says who accepted it and why."""
        if not long_enough(reason):
            raise Invalid(f"Say why, in {SHORTEST_REASON} characters or more.", code="gap_reason_short")
        vault = self._vault
        preamble = Preamble.of(replace(call, reason=reason), vault.actor(call.token), Action.ROOT)
        with vault.transaction() as transaction:
            frozen = self._must_be_frozen()
            if refused := denied(vault, transaction, preamble, details={"restored": "gap refused"}):
                return refused
            gap = {"restored": "gap accepted", "from": frozen.size, "reason": reason.strip()}
            if frozen.known_size is not None:
                gap["to"] = frozen.known_size
            self._unfreeze(transaction, preamble, gap)
        return None

    def _must_be_frozen(self) -> Frozen:
        frozen = self.frozen()
        if frozen is None:
            raise Conflict("This vault isn't frozen: there is nothing to bring forward.", code="not_frozen")
        return frozen

    def _unfreeze(self, transaction: Transaction, preamble: Preamble, details: dict[str, object]) -> None:
        permit(self._vault, transaction, preamble, details=details)
        transaction.rows.delete("meta", name=FROZEN)
