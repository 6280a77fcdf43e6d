"""A new record: its keys, its chains and its row (a person's, one for quarantine, or the decoy)."""

from uuid import UUID

from keyvault.context import Vault
from keyvault.crypto.envelope import Branch, KeyUse
from keyvault.crypto.search_tokens import TokenField
from keyvault.keys.cards import OpenedCard
from keyvault.keys.record_keys import RecordKey, create_record_key, new_object_key
from keyvault.keys.secret_keys import DERIVING
from keyvault.log.appending import ORDINARY, Chain
from keyvault.opened_records import PERSON
from keyvault.store import VaultTransaction, new_id
from records.errors import Conflict
from records.people.identity import INS
from records.vocabulary.codes import RecordState

EVERY_BRANCH = (Branch.CARE, Branch.BRIS_DE_GLACE, Branch.CENTRE_15)


def new_record(
    vault: Vault, tx: VaultTransaction, *, kind: str, ins: INS | None, public_id: UUID, now_ms: int
) -> tuple[OpenedCard, RecordKey, Chain]:
    """Draw a record's keys and keep its row; it has no card yet. Raises `Conflict` "record_exists"."""
    record_id = new_id()
    branches = EVERY_BRANCH if kind == PERSON else (Branch.CARE,)
    key, shard_id, shard_version = create_record_key(tx, vault.keyring, record_id, branches)
    row = {
        "record_id": record_id,
        "public_id": public_id,
        "kind": kind,
        "ins_token": vault.token(TokenField.INS, ins.value) if ins else None,
        "state": RecordState.ACTIVE.value,
        "shard_id": shard_id,
        "key_version": key.version,
        "shard_version": shard_version,
        "card": None,
        "card_version": 0,
        "card_digest": None,
        "created_at": now_ms,
    }
    if not tx.insert_new("record", row):  # another process was quicker
        raise Conflict("This person already has a record.", code="record_exists")
    card_key = new_object_key(tx, key, KeyUse.CARD, record_id)
    chain_key = new_object_key(tx, key, KeyUse.CHAIN_1, record_id, DERIVING)
    new_object_key(tx, key, KeyUse.CHAIN_2, record_id, DERIVING)
    return OpenedCard(record_id, 0, None, card_key), key, Chain(record_id, ORDINARY, chain_key, DERIVING)
