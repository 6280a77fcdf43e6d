"""The record's card and its documents' facts, sealed under the card key (docs/formats.md section 2).

Opening requires that the bytes are those whose digest the row names: an older valid card put back is refused
unless the digest was put back too, and then the audit event of the newer one tells.
"""

import hashlib
import hmac
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from keyvault.crypto.envelope import KeyUse, KeyvaultError, derive
from keyvault.crypto.sealed_json import (
    card_aad,
    choice_card_aad,
    facts_aad,
    open_json,
    seal_json,
    stated_card_aad,
)
from keyvault.keys.record_keys import RecordKey, open_object_key
from keyvault.store import Row, VaultTransaction
from records.card.card import Card
from records.documents.facts import DocumentFacts
from records.errors import CoffreError
from records.vocabulary.codes import RecordState


@dataclass(frozen=True, slots=True)
class OpenedCard:
    """A record's card and state, with the key that opened them and opens its documents' facts."""

    record_id: UUID
    version: int
    card: Card | None
    key: bytes = field(repr=False)
    state: RecordState = RecordState.ACTIVE


def open_card(tx: VaultTransaction, record: Row, record_key: RecordKey) -> OpenedCard:
    """Open the card of a record; a quarantine record has a card key and no card. Raises like `read_card`."""
    key = open_object_key(tx, record_key, KeyUse.CARD, record["record_id"])
    if record["card"] is None:
        return OpenedCard(record["record_id"], 0, None, key, RecordState(record["state"]))
    return read_card(key, record)


def read_card(key: bytes, record: Row) -> OpenedCard:
    """The card in a row of `record`.

    Raises CoffreError `card_altered` where the sealed card is not the one that the digest names, or the row's
    state, a copy for queries, not the one that the card seals.
    """
    _check_digest(record["card"], record["card_digest"])
    card, state = _unsealed(key, record)
    if record["state"] != state:
        raise altered()
    return OpenedCard(record["record_id"], record["card_version"], card, key, state)


def _unsealed(key: bytes, record: Row) -> tuple[Card, RecordState]:
    """The card with the state that it seals; one of the first format is of when every record was active."""
    record_id, version = record["record_id"], record["card_version"]
    with suppress(KeyvaultError):
        found = open_json(key, record["card"], choice_card_aad(record_id, version))
        state = RecordState(found.pop("state"))
        return Card.from_json(found), state
    with suppress(KeyvaultError):
        found = open_json(key, record["card"], stated_card_aad(record_id, version))
        state = RecordState(found.pop("state"))
        return Card.from_earlier_json(found), state
    found = open_json(key, record["card"], card_aad(record_id, record_id, version))
    return Card.from_earlier_json(found), RecordState.ACTIVE


def store_card(
    tx: VaultTransaction, opened: OpenedCard, card: Card, state: RecordState | None = None
) -> tuple[int, bytes]:
    """Seal the next version of the card, in `state` or the present one.

    Answers its version and the digest that the event names. Authorisations that still stand on the card have
    their rows before (`move_authorisations`): a programming error where they haven't.
    """
    assert not card.authorisations
    version, state = opened.version + 1, state or opened.state
    content = card.to_json() | {"state": state.value}
    sealed = seal_json(opened.key, content, choice_card_aad(opened.record_id, version))
    digest = hashlib.sha256(sealed).digest()
    changed = tx.update(
        "record",
        {"card": sealed, "card_version": version, "card_digest": digest, "state": state.value},
        record_id=opened.record_id,
        card_version=opened.version,
    )
    if changed != 1:
        raise changed_meanwhile()
    return version, digest


def open_facts(opened: OpenedCard, rows: Iterable[Row]) -> dict[UUID, DocumentFacts]:
    """Open the facts of many documents of one record."""
    facts = {}
    for row in rows:
        _check_digest(row["facts"], row["facts_digest"])
        facts[row["document_id"]] = _unsealed_facts(opened, row)
    return facts


def _unsealed_facts(opened: OpenedCard, row: Row) -> DocumentFacts:
    """Facts of either form."""
    place = opened.record_id, row["document_id"], row["facts_version"]
    try:
        return DocumentFacts.from_json(open_json(opened.key, row["facts"], facts_aad(*place)))
    except KeyvaultError:
        return DocumentFacts.from_first_json(open_json(opened.key, row["facts"], card_aad(*place)))


def seal_facts(opened: OpenedCard, facts: DocumentFacts, version: int) -> dict[str, object]:
    """The columns that keep a document's facts at `version`."""
    aad = facts_aad(opened.record_id, facts.document_id, version)
    sealed = seal_json(opened.key, facts.to_json(), aad)
    digest = hashlib.sha256(sealed).digest()
    return {"facts": sealed, "facts_version": version, "facts_digest": digest}


def content_token(card_key: bytes, content: str) -> bytes:
    """32 bytes that recognise a single document in its record, whoever deposits it.

    `content` is its SOP Instance UID, or its SHA-256 in hex where it is not DICOM.
    """
    key = derive(card_key, bytes(32), b"coffre-content-key-v1\0")
    return hmac.digest(key, b"coffre-content-v1\0" + content.encode(), "sha256")


def _check_digest(sealed: bytes, digest: bytes) -> None:
    if not hmac.compare_digest(hashlib.sha256(sealed).digest(), digest):
        raise altered()


def changed_meanwhile() -> CoffreError:
    """What a change that came between keeps from being done; to try again is safe."""
    return CoffreError("The record changed meanwhile: try again.", code="card_changed")


def altered() -> CoffreError:
    return CoffreError(
        "A sealed row of the vault differs from its digest: run coffre check.", code="card_altered"
    )
