"""Recognise the content that a worker has in hand: search tokens, duplicates, and contents of another person.

Values go in and tokens come out; what the vault knows of a record's holder stays here.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.search_tokens import TokenField, part_value
from keyvault.store import Row, VaultTransaction
from records.errors import Conflict, Invalid
from records.people.traits import ClaimedTraits, Trait, differing_of_all


def record_named(vault: Vault, tx: VaultTransaction, locator: str) -> Row | None:
    """The record a sender named; no name of this environment is no record, not an error to repeat."""
    try:
        return vault.find_record(tx, locator)
    except Invalid:
        return None


HOLDER = "holder"


def tokens_of(
    vault: Vault, name: TokenField, record_id: UUID, structure: str, digests: Iterable[bytes]
) -> tuple[bytes, ...]:
    """Tokens by which what one structure sends is recognised in one record, and nowhere else.

    Who has no structure is the record's holder; no structure is called so.
    """
    sender = structure or HOLDER
    return tuple(vault.token(name, part_value(record_id, sender, digest)) for digest in digests)


class RecognisingVerbs:
    """For the worker."""

    _vault: Vault

    def tokens(self, values: Sequence[tuple[TokenField, str]]) -> tuple[bytes, ...]:
        """Search tokens for what a worker is about to publish."""
        return tuple(self._vault.token(name, value) for name, value in values)

    def part_tokens(self, record: str, structure: str, digests: Iterable[bytes]) -> tuple[bytes, ...] | None:
        """Tokens that recognise the same bytes of one structure in one record; None: no such record."""
        return self._of_one_structure(TokenField.PART, record, structure, digests)

    def identifier_token(self, record: str, structure: str, digest: bytes) -> bytes | None:
        """The token of a document's own identifier, likewise; `digest` is SHA-256 of what it is."""
        found = self._of_one_structure(TokenField.IDENTIFIER, record, structure, [digest])
        return found[0] if found else None

    def _of_one_structure(
        self, name: TokenField, record: str, structure: str, digests: Iterable[bytes]
    ) -> tuple[bytes, ...] | None:
        with self._vault.store.reading() as tx:
            row = record_named(self._vault, tx, record)
        if row is None:
            return None
        return tokens_of(self._vault, name, row["record_id"], structure, digests)

    def differing_traits(
        self, submission_id: UUID, worker: str, record: str, claims: Sequence[ClaimedTraits]
    ) -> tuple[Trait, ...]:
        """The traits of a content that contradict those of a record: the one comparison on every path to it.

        For the holder of the lease on the submission or on the job that discharges it, else `Conflict`
        "lease_lost". The record's traits stay here; where no record has this name nothing differs.
        """
        with self._vault.store.reading() as tx:
            lease = tx.get("ingest", submission_id=submission_id) or tx.get("job", job_id=submission_id)
            if lease is None or lease["worker"] != worker or lease["lease_until"] < self._vault.now_ms():
                raise Conflict("The lease of this submission is lost.", code="lease_lost")
            row = record_named(self._vault, tx, record)
            card = self._vault.open(tx, row).card.card
        if row is None or card is None:
            return ()
        return tuple(sorted(differing_of_all(claims, card.traits)))
