"""Move authorisations off cards of earlier labels, record after record, for the job of `coffre migrate`.

It changes no right: what a card said of a professional, the row says. Each record is one transaction, with an
event for each row and one for the card; a kill between two loses nothing, and a record that was moved is
passed over the next time. Nobody's credential is asked for: it discloses counts alone.
"""

from dataclasses import dataclass
from uuid import UUID

from keyvault.context import Vault
from keyvault.store import Row
from keyvault.verbs import jobs
from keyvault.verbs.moving_choices import moving, settle
from records.vocabulary.codes import ReasonCode, RecordState

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ChoicesMoved:
    """Of one batch: records looked at, those whose card held authorisations, and how many these were.

    `after` asks for the next batch; None: that was the last.
    """

    records: int
    cards: int
    authorisations: int
    after: UUID | None


class MovingVerbs:
    """Part of the operator's door."""

    _vault: Vault

    def move_choices(self, after: UUID | None = None, dry_run: bool = False) -> ChoicesMoved:
        """Move what stands on the cards of the next records; with `dry_run` they are only counted."""
        vault = self._vault
        beyond: dict[str, object] = {} if after is None else {"record_id__gt": after}
        with vault.store.reading() as tx:
            rows = tx.find("record", order="record_id", limit=AT_ONCE, **beyond)
        found = [count for row in rows if (count := _given(vault, row))]
        if not dry_run:
            for row in rows:
                _move(vault, row)
        following = rows[-1]["record_id"] if len(rows) == AT_ONCE else None
        return ChoicesMoved(len(rows), len(found), sum(found), following)


def _given(vault: Vault, row: Row) -> int:
    """How many authorisations stand on a card."""
    if row["card"] is None or row["state"] == RecordState.DESTROYED:
        return 0
    with vault.store.reading() as tx:
        card = vault.open(tx, row).card.card
    return 0 if card is None else len(card.authorisations)


def _move(vault: Vault, row: Row) -> None:
    if not _given(vault, row):
        return
    with vault.transaction() as transaction:
        record = vault.open(transaction.rows, row, lock=True)
        told = moving(jobs.automaton(vault), record.row["public_id"], ReasonCode.OPERATOR)
        settle(transaction, record.card, record.chain, told)
