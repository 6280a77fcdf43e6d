"""The context of every verb of the vault: its store, its keys, its clock, and the way a change is made."""

import hmac
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from keyvault.credentials import withdrawn
from keyvault.credentials.possession import (
    OLDEST,
    PresentedProof,
    Proof,
    Verified,
    possession_required,
    verify_token,
)
from keyvault.crypto.envelope import Branch
from keyvault.crypto.search_tokens import TokenField, token
from keyvault.keys.cards import OpenedCard, altered, open_card
from keyvault.keys.keyring import Keyring
from keyvault.keys.record_keys import RecordKey, care_key
from keyvault.log.appending import ORDINARY, SYSTEM, Appended, Chain, Event, append, record_chain
from keyvault.log.refusals import Refusals, Together
from keyvault.quotas import (
    DEFAULT_QUOTAS,
    Quotas,
    Touch,
    deposited_too_much,
    exceeded,
    first_this_hour,
    refused_too_often,
    structure_exceeded,
)
from keyvault.restore.replay import RecordingTransaction
from keyvault.restore.second_place import SecondPlace
from keyvault.store import Row, VaultStore, VaultTransaction
from records.actors import Actor
from records.errors import CoffreError
from records.identity import INS, read_ins
from records.policy import RecordFacts
from records.vocabulary.codes import Action, Environment, Outcome, PurposeOfUse, ReasonCode, RecordState

PERSON, QUARANTINE, DECOY = "person", "quarantine", "decoy"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings:
    """Settings of a vault that `coffre init` fixed."""

    environment: Environment
    origin: str  # of the log's checkpoints, audit.<host>/<environment>
    issuer: str  # of the tokens it accepts
    audience: str
    authority_public: bytes  # Ed25519, pinned
    officer_public: bytes  # X25519 of the audit officer
    quotas: Quotas = DEFAULT_QUOTAS
    require_possession: bool = False  # refuses bearer tokens; true in production


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record as one verb sees it: its row, its key by ordinary care, its card, its ordinary chain."""

    row: Row
    key: RecordKey = field(repr=False)
    card: OpenedCard
    chain: Chain

    @property
    def exists(self) -> bool:
        return bool(self.row["kind"] == PERSON)

    @property
    def facts(self) -> RecordFacts:
        if not self.exists:
            return RecordFacts(RecordState.ACTIVE, None)
        return RecordFacts(self.card.state, self.card.card)


class Transaction:
    """One transaction of the vault: rows, entries and the replay row commit together."""

    def __init__(self, vault: "Vault", tx: VaultTransaction) -> None:
        self._vault = vault
        self._recording = RecordingTransaction(tx)
        self._leaf: bytes | None = None
        self.now_ms = vault.now_ms()
        # writes down what was permitted, and failed
        self.again: Callable[[Transaction, str], None] | None = None

    @property
    def rows(self) -> VaultTransaction:
        return self._recording

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000

    def append(self, chain: Chain, event: Event) -> Appended | None:
        """Write a line; None where a refusal that repeats is counted instead (`keyvault/log/refusals.py`)."""
        if event.outcome is Outcome.DENY:
            self.refusals.tell(chain, event)
            return None
        return self._append(chain, event)

    @property
    def refusals(self) -> Refusals:
        vault = self._vault
        return Refusals(
            self._recording, vault.keyring, vault.pseudonym, self._append, self._chain_of, self.now_ms
        )

    def _chain_of(self, chain_id: UUID, number: int) -> Chain | None:
        """The chain on which a count ends: a record's own, or chain 0 of this process; None: it's gone."""
        if number == SYSTEM:
            return self._vault.system_chain
        row = self.rows.get("record", record_id=chain_id)
        if row is None:
            return None
        return record_chain(self.rows, care_key(self.rows, self._vault.keyring, row), number)

    def _append(self, chain: Chain, event: Event) -> Appended:
        vault = self._vault
        appended = append(
            self._recording, vault.keyring, vault.settings.officer_public, chain, event, self.now_ms
        )
        self._leaf = appended.leaf
        return appended

    def over_quota(self, *touches: Touch) -> bool:
        """Count what one person touches; True where the person's limit is passed."""
        vault = self._vault
        return exceeded(self._recording, vault.settings.quotas, vault.pseudonym, touches, self.now_ms)

    def structure_over_quota(self, touch: Touch) -> bool:
        """Count a touch for the structure before it is permitted; True, and not counted, without room."""
        vault = self._vault
        return structure_exceeded(self._recording, vault.settings.quotas, vault.pseudonym, touch, self.now_ms)

    def refused_too_often(self, touch: Touch) -> bool:
        """Count a refused call; True beyond the person's limit, or the person's on this record."""
        vault = self._vault
        return refused_too_often(self._recording, vault.settings.quotas, vault.pseudonym, touch, self.now_ms)

    def deposited_too_much(self, actor: Actor, size: int) -> bool:
        vault = self._vault
        return deposited_too_much(
            self._recording, vault.settings.quotas, vault.pseudonym, actor, size, self.now_ms
        )

    def first_this_hour(self, label: bytes, subject: bytes, what: bytes) -> bool:
        """Whether `what` happens to `subject` for the first time in this clock hour; it is remembered."""
        pseudonym = self._vault.pseudonym
        return first_this_hour(
            self._recording, pseudonym(label, subject), pseudonym(label, what), self.now_ms
        )

    def keep_replay(self) -> None:
        if self._leaf is not None:
            self._recording.keep(self._leaf, self.now_ms)


class Vault:
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
        self.store = store
        self.second_place = second_place
        self.day_keys = day_keys
        self.keyring = keyring
        self.settings = settings
        self._clock = clock
        self.system_chain = self._new_system_chain()
        self._not_verified = Together(self._log_bad_credentials)
        self.open_days()

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

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
        admit: Callable[[Proof], None] | None = None,
        bound: bool = False,
    ) -> Actor:
        """Verify a credential, or raise `CredentialError` after the attempt has its line in the log.

        `admit` tells whether its proof is one of what is asked, and raises where it isn't. `bound`: where
        bearers are refused, an operator's is, too.
        """
        try:
            found = self.verified(token_text, at=at, presented=presented if admit else None)
            with self.store.reading() as tx:
                withdrawn.check(tx, self.pseudonym, found.actor, self.now_ms() if at is None else at * 1000)
            if admit is not None and found.proof is not None:
                admit(found.proof)
            if bound and found.proof is None and self.settings.require_possession:
                raise possession_required()
        except CoffreError:
            self._not_verified.count()
            raise
        return found.actor

    def verified(
        self,
        token_text: str,
        *,
        at: int | None = None,
        presented: PresentedProof | None = None,
        oldest: int = OLDEST,
    ) -> Verified:
        """Verify a credential and the proof that it asks for, as of `at` (unix seconds), default now."""
        return verify_token(
            token_text,
            presented,
            pinned_public=self.settings.authority_public,
            issuer=self.settings.issuer,
            audience=self.settings.audience,
            at=at if at is not None else self.now_ms() // 1000,
            environment=self.settings.environment,
            required=self.settings.require_possession,
            oldest=oldest,
        )

    def _log_bad_credentials(self, times: int) -> None:
        refused = Event.of(Action.AUTHENTICATE, PurposeOfUse.NORMAL, None, refused=ReasonCode.BAD_CREDENTIAL)
        with self.transaction() as transaction:
            transaction.refusals.tell(self.system_chain, refused, times)

    def begin_system_chain(self) -> None:
        """From here on chain 0 goes on as a new chain, under the newest version of its key."""
        self.system_chain = self._new_system_chain()

    def _new_system_chain(self) -> Chain:
        # chain 0 is one chain per vault process (docs/vault.md section 5)
        version = self.keyring.system_chain.newest
        return Chain(uuid4(), SYSTEM, self.keyring.system_chain.version(version), version)

    def system_chain_of(self, row: Row) -> Chain:
        """Chain 0 of any vault process, from its row of `chain`."""
        key = self.keyring.system_chain.version(row["key_version"])
        return Chain(row["chain_id"], SYSTEM, key, row["key_version"])

    def pseudonym(self, label: bytes, value: bytes) -> bytes:
        """32 bytes that stand for a value in counters and windows; none can be tried out without the key."""
        return hmac.digest(self.keyring.index_key, label + b"\x00" + value, "sha256")

    def token(self, field_name: TokenField, value: str | bytes) -> bytes:
        return token(self.keyring.index_key, field_name, value)

    def ins(self, text: str) -> INS:
        """Read an INS of this environment: `matricule` with its default OID, or `matricule|oid`."""
        return read_ins(text, self.settings.environment)

    def find_record(self, tx: VaultTransaction, locator: str) -> Row | None:
        """The person's record that an INS or a public id names."""
        row = self._named(tx, locator)
        return row if row is not None and row["kind"] == PERSON else None

    def _named(self, tx: VaultTransaction, locator: str) -> Row | None:
        try:
            return tx.get("record", public_id=UUID(locator))
        except ValueError:
            return tx.get("record", ins_token=self._ins_token(locator))

    def _ins_token(self, text: str) -> bytes:
        return self.token(TokenField.INS, self.ins(text).value)

    def touched(self, row: Row | None, name: str | UUID) -> bytes:
        """The value that a quota counts: the INS that a record has or that was asked for, however it was
        spelled, else the id. So a record that isn't there counts like one that is.
        """
        if row is not None:
            return bytes(row["ins_token"] or row["record_id"].bytes)
        if isinstance(name, UUID):
            return name.bytes
        try:
            return UUID(name).bytes
        except ValueError:
            return self._ins_token(name)

    def open(self, tx: VaultTransaction, row: Row | None, *, lock: bool = False) -> OpenedRecord:
        """Open a record, or the decoy where there is none: absent and forbidden cost the same work.

        Raises CoffreError `card_altered` like `read_card`, and where the INS that finds the record is not its
        holder's.
        """
        # read again even where nothing is locked: the decoy is read here too
        if row is None:
            row = tx.get("record", public_id=DECOY_ID)
        else:
            row = tx.get("record", lock=lock, record_id=row["record_id"])
        assert row is not None
        key = care_key(tx, self.keyring, row)
        chain = record_chain(tx, key, ORDINARY)
        card = open_card(tx, row, key)
        holder = None if card.card is None else self.token(TokenField.INS, card.card.ins.value)
        if row["kind"] == PERSON and row["ins_token"] != holder:
            raise altered()
        return OpenedRecord(row, key, card, chain)

    def chain_of(self, record: OpenedRecord) -> Chain:
        """The chain of an attempt on this record: its chain, or on chain 0 where it doesn't exist."""
        return record.chain if record.exists else self.system_chain


# The decoy's public id is fixed and never listed; it has no INS, so nothing resolves to it.
DECOY_ID = UUID(int=0)

BRANCH_OF = {
    PurposeOfUse.NORMAL: Branch.CARE,
    PurposeOfUse.BRIS_DE_GLACE: Branch.BRIS_DE_GLACE,
    PurposeOfUse.CENTRE_15: Branch.CENTRE_15,
}
