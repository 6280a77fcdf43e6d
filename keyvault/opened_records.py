"""Records as verbs see them: found by name, opened with key, card and chain; the decoy for the absent."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from keyvault.crypto.envelope import Branch
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.cards import OpenedCard, altered, open_card
from keyvault.keys.choices import counting_authorisation
from keyvault.keys.record_keys import RecordKey, care_key
from keyvault.log.appending import ORDINARY, Chain, record_chain
from keyvault.store import Row, VaultTransaction
from keyvault.vault_keys import VaultKeys
from records.choices.authorisations import Authorisation
from records.people.actors import Actor
from records.policy import RecordFacts
from records.vocabulary.codes import PurposeOfUse, RecordState, Role

PERSON, QUARANTINE, DECOY = "person", "quarantine", "decoy"
# The decoy's public id is fixed and never listed; it has no INS, so nothing resolves to it.
DECOY_ID = UUID(int=0)

BRANCH_OF = {
    PurposeOfUse.NORMAL: Branch.CARE,
    PurposeOfUse.BRIS_DE_GLACE: Branch.BRIS_DE_GLACE,
    PurposeOfUse.CENTRE_15: Branch.CENTRE_15,
}


class Moved(Exception):  # noqa: N818 - no error: what asks begins anew
    """The record changed since a snapshot of it was judged."""


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record as one verb sees it: its row, its key by ordinary care, its card, its ordinary chain.

    `authorisation` is that of whoever asks, and of nobody else.
    """

    row: Row
    key: RecordKey = field(repr=False)
    card: OpenedCard
    chain: Chain
    authorisation: Authorisation | None = None

    @property
    def exists(self) -> bool:
        return bool(self.row["kind"] == PERSON)

    @property
    def facts(self) -> RecordFacts:
        if not self.exists:
            return RecordFacts(RecordState.ACTIVE, None)
        return RecordFacts(self.card.state, self.card.card, self.authorisation)


class Records(VaultKeys):
    """Finds and opens records."""

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

    def open(
        self, tx: VaultTransaction, row: Row | None, *, lock: bool = False, actor: Actor | None = None
    ) -> OpenedRecord:
        """Open a record, or the decoy where there is none: absent and forbidden cost the same work.

        `actor` is whoever asks to consult: of a professional the own authorisation is read, one row by its
        key however many there are.

        Raises CoffreError `card_altered` like `read_card`, and where the INS that finds the record is not its
        holder's.
        """
        row = _row(tx, row, lock)
        key = care_key(tx, self.keyring, row)
        chain = record_chain(tx, key, ORDINARY)
        card = open_card(tx, row, key)
        holder = None if card.card is None else self.token(TokenField.INS, card.card.ins.value)
        if row["kind"] == PERSON and row["ins_token"] != holder:
            raise altered()
        number = actor.rpps if actor is not None and actor.role is Role.PROFESSIONAL else None
        given = counting_authorisation(tx, card, number) if number else None
        return OpenedRecord(row, key, card, chain, given)

    def unmoved(
        self, tx: VaultTransaction, row: Row | None, known: OpenedRecord, *, lock: bool
    ) -> OpenedRecord:
        """The record that a snapshot opened, with its present row; nothing is opened again.

        Raises `Moved` where a change came since that can alter a decision, or a record for the decoy.
        """
        row = _row(tx, row, lock)
        if (row["record_id"], row["epoch"]) != (known.row["record_id"], known.row["epoch"]):
            raise Moved
        return replace(known, row=row)

    def chain_of(self, record: OpenedRecord) -> Chain:
        """The chain of an attempt on this record: its chain, or on chain 0 where it doesn't exist."""
        return record.chain if record.exists else self.system_chain


def _row(tx: VaultTransaction, row: Row | None, lock: bool) -> Row:
    """Read again even where nothing is locked: the decoy is read here too."""
    if row is None:
        row = tx.get("record", public_id=DECOY_ID)
    else:
        row = tx.get("record", lock=lock, record_id=row["record_id"])
    assert row is not None
    return row
