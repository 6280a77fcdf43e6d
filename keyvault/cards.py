"""The record's card and its documents' facts, sealed under the card key (docs/formats.md section 2).

Opening requires that the bytes are those whose digest the row names: an older valid card put back is refused
unless the digest was put back too, and then the audit event of the newer one tells.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.envelope import KeyUse, card_aad, open_json, seal_json
from keyvault.record_keys import RecordKey, open_object_key
from keyvault.store import Row, VaultTransaction
from records.consent import Card
from records.documents import DocumentFacts
from records.errors import CoffreError


@dataclass(frozen=True, slots=True)
class OpenedCard:
    """A record's card with the key that opened it and opens its documents' facts."""

    record_id: UUID
    version: int
    card: Card | None
    key: bytes = field(repr=False)


def open_card(tx: VaultTransaction, record: Row, record_key: RecordKey) -> OpenedCard:
    """Open the card of a record; a quarantine record has a card key and no card."""
    key = open_object_key(tx, record_key, KeyUse.CARD, record["record_id"])
    if record["card"] is None:
        return OpenedCard(record["record_id"], 0, None, key)
    _check_digest(record["card"], record["card_digest"])
    aad = card_aad(record["record_id"], record["record_id"], record["card_version"])
    card = Card.from_json(open_json(key, record["card"], aad))
    return OpenedCard(record["record_id"], record["card_version"], card, key)


def store_card(tx: VaultTransaction, opened: OpenedCard, card: Card) -> tuple[int, bytes]:
    """Seal the next version of the card; answers its version and the digest that the event names."""
    version = opened.version + 1
    sealed = seal_json(opened.key, card.to_json(), card_aad(opened.record_id, opened.record_id, version))
    digest = hashlib.sha256(sealed).digest()
    changed = tx.update(
        "record",
        {"card": sealed, "card_version": version, "card_digest": digest},
        record_id=opened.record_id,
        card_version=opened.version,
    )
    if changed != 1:
        raise CoffreError("The record changed meanwhile: try again.", code="card_changed")
    return version, digest


def open_facts(opened: OpenedCard, rows: Iterable[Row]) -> dict[UUID, DocumentFacts]:
    """Open the facts of many documents of one record."""
    facts = {}
    for row in rows:
        _check_digest(row["facts"], row["facts_digest"])
        aad = card_aad(opened.record_id, row["document_id"], row["facts_version"])
        facts[row["document_id"]] = DocumentFacts.from_json(open_json(opened.key, row["facts"], aad))
    return facts


def seal_facts(opened: OpenedCard, facts: DocumentFacts, version: int) -> dict[str, object]:
    """The columns that keep a document's facts at `version`."""
    aad = card_aad(opened.record_id, facts.document_id, version)
    sealed = seal_json(opened.key, facts.to_json(), aad)
    digest = hashlib.sha256(sealed).digest()
    return {"facts": sealed, "facts_version": version, "facts_digest": digest}


def _check_digest(sealed: bytes, digest: bytes) -> None:
    if not hmac.compare_digest(hashlib.sha256(sealed).digest(), digest):
        raise CoffreError(
            "A sealed row of the vault differs from its digest: run coffre check.", code="card_altered"
        )
