"""The context of every verb of the vault: its store, its keys, its clock, and the way a change is made."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keyvault.credentials import withdrawn
from keyvault.credentials.issuers import Issuer
from keyvault.credentials.possession import Verified, possession_required, verify_token
from keyvault.credentials.possession_proof import OLDEST, PresentedProof, Proof
from keyvault.keys.issuers import KeptIssuers
from keyvault.keys.keyring import Keyring
from keyvault.keys.secret_keys import Use
from keyvault.log.appending import Event
from keyvault.log.refusals import Together
from keyvault.log.sequencer import Sequencer
from keyvault.opened_records import Records
from keyvault.restore.second_place import SecondPlace
from keyvault.restore.shipping import Shipper
from keyvault.store import Row, VaultRows, VaultStore
from keyvault.transaction import Transaction
from keyvault.vault_keys import VaultSettings
from records.errors import CoffreError
from records.people.actors import Actor
from records.vocabulary.codes import Action, PurposeOfUse, ReasonCode

log = logging.getLogger("coffre.vault")


class Vault(Records):
    """Shared by the verbs; nothing outside `keyvault` holds one."""

    def __init__(
        self,
        *,
        store: VaultStore,
        day_keys: VaultStore,
        keyring: Keyring,
        settings: VaultSettings,
        clock: Callable[[], float] = time.time,
        second_place: SecondPlace | None = None,
    ) -> None:
        super().__init__(keyring, settings, clock)
        self.store = store
        self.day_keys = day_keys
        self.second_place = second_place
        self.issuers = KeptIssuers(keyring, settings.first_issuers)
        self._not_verified = Together(self._log_bad_credentials)
        self.open_days()

    @property
    def sequencer(self) -> Sequencer:
        """This process's hand on the signed log."""
        return Sequencer(
            self.store,
            self.settings.origin,
            self.keyring.signing("checkpoint"),
            holder=str(self.system_chain.chain_id),
            now_ms=self.now_ms,
            is_shipped=self.second_place is not None,
        )

    @property
    def shipper(self) -> Shipper | None:
        """This process's hand on the second place, where there is one."""
        if self.second_place is None:
            return None
        # the first version: a restored vault opens segments before it learns of later ones
        key = self.keyring.accountability.first(Use.SEGMENT)
        return Shipper(self.sequencer, self.second_place, key)

    def open_days(self) -> None:
        """Have every live day key open, before a submission waits for it; forget those destroyed."""
        self.keyring.day_keys(self._live_days())

    def days(self) -> Iterator[tuple[Row, bytes]]:
        """The live rows of `day_key` with their private keys: first those open, then those that another
        process made, by one call of the root. While the root is away, days already open go on.
        """
        rows = self._live_days()
        known = self.keyring.known_days(rows)
        yield from ((row, known[row["day"]]) for row in rows if row["day"] in known)
        unknown = [row for row in rows if row["day"] not in known]
        if unknown:
            keys = self.keyring.day_keys(rows)
            yield from ((row, keys[row["day"]]) for row in unknown)

    def _live_days(self) -> list[Row]:
        with self.day_keys.reading() as tx:
            return tx.find("day_key", order="-day", destroyed_at=None)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One transaction. What a verb was permitted and then could not do leaves its line all the same.

        An answer that says why it could not be done says that there is such a record: so the entry, and in an
        emergency window and notices, are written in a transaction of their own once this one was undone.
        """
        attempted: Transaction | None = None
        try:
            with self.store.writing() as tx:
                attempted = transaction = Transaction(self, tx)
                yield transaction
                transaction.keep_replay()
        except Exception as error:  # what nobody foresaw is an answer, too
            if attempted is not None and attempted.again is not None:
                with self.store.writing() as tx:
                    later = Transaction(self, tx)
                    attempted.again(later, error.code if isinstance(error, CoffreError) else "internal")
                    later.keep_replay()
            raise

    def actor(
        self,
        token_text: str,
        *,
        at: int | None = None,
        presented: PresentedProof | None = None,
        certificate: str | None = None,
        admit: Callable[[Proof], None] | None = None,
        bound: bool = False,
    ) -> Actor:
        """Verify a credential, or raise `CredentialError` after the attempt has its line in the log.

        `admit` tells whether its proof is one of what is asked, and raises where it isn't. `bound`: where
        bearers are refused, an operator's is, too.
        """
        try:
            with self.store.reading() as tx:
                found = self.verified(
                    tx,
                    token_text,
                    at=at,
                    presented=presented if admit else None,
                    certificate=certificate,
                )
                withdrawn.check(tx, self.pseudonym, found.actor, None if at is None else at * 1000)
            if admit is not None and found.proof is not None:
                admit(found.proof)
            if bound and found.is_bearer and self.settings.require_possession:
                raise possession_required()
        except CoffreError:
            self._not_verified.count()
            raise
        if self.issuers.is_new(found.issuer):
            with self.transaction() as transaction:
                self.first_seen(transaction, found.issuer)
        return found.actor

    def first_seen(self, transaction: Transaction, issuer: Issuer) -> None:
        """Tell that the first credential of an issuer came: in the log, and to who watches this process."""
        told = self.issuers.see(transaction.rows, issuer, transaction.now)
        if told is None:
            return
        details = {"issuer_change": "first_seen", **told}
        seen = Event.of(Action.AUTHENTICATE, PurposeOfUse.NORMAL, None, details=details)
        transaction.append(self.system_chain, seen)
        log.warning("issuer seen for the first time", extra={"issuer": issuer.name, "key_id": issuer.key_id})

    def verified(
        self,
        tx: VaultRows,
        token_text: str,
        *,
        at: int | None = None,
        presented: PresentedProof | None = None,
        certificate: str | None = None,
        oldest: int = OLDEST,
    ) -> Verified:
        """Verify a credential and the proof that it asks for, as of `at` (unix seconds), default now."""
        return verify_token(
            token_text,
            presented,
            issuers=self.issuers.seen_in(tx, self.now_ms(), is_live=at is None),
            audience=self.settings.audience,
            at=at if at is not None else self.now_ms() // 1000,
            environment=self.settings.environment,
            certificate=certificate,
            required=self.settings.require_possession,
            oldest=oldest,
        )

    def _log_bad_credentials(self, times: int) -> None:
        refused = Event.of(Action.AUTHENTICATE, PurposeOfUse.NORMAL, None, refused=ReasonCode.BAD_CREDENTIAL)
        with self.transaction() as transaction:
            transaction.refusals.tell(self.system_chain, refused, times)
