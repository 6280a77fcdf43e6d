"""The log's tables (docs/vault.md section 5): entries and their tree, the chains' events, accountability,
replay.

Positions are given once and only the sequencer's `pending` rows are ever removed.
"""

from sqlalchemy import Index, MetaData, Table

from storage.sql.columns import (
    bytes_column,
    compact_table,
    counter_column,
    id_column,
    int_column,
    text_column,
)


def define(metadata: MetaData) -> None:
    """Adds the tables to `metadata`."""
    compact_table(
        "chain",
        metadata,
        id_column("chain_id", primary_key=True),
        int_column("chain", primary_key=True),
        int_column("seq"),
        bytes_column("head"),
        int_column("key_version", server_default="1"),
    )
    Table(
        "entry",
        metadata,
        bytes_column("leaf_hash", primary_key=True),
        bytes_column("entry"),
    )
    Table(
        "pending",
        metadata,
        counter_column("ordinal", counts=True),
        bytes_column("leaf_hash", unique=True),
        sqlite_autoincrement=True,
    )
    Table("leaf", metadata, counter_column("position", counts=False), bytes_column("leaf_hash", unique=True))
    Table(
        "tile",
        metadata,
        int_column("level", primary_key=True),
        int_column("number", primary_key=True),
        bytes_column("hashes"),
    )
    Table(
        "checkpoint",
        metadata,
        counter_column("size", counts=False),
        bytes_column("root"),
        text_column("note"),
    )
    Table(
        "event",
        metadata,
        id_column("chain_id", primary_key=True),
        int_column("chain", primary_key=True),
        int_column("seq", primary_key=True),
        bytes_column("leaf_hash", unique=True),
        bytes_column("sealed"),
    )
    Table(
        "accountability",
        metadata,
        bytes_column("leaf_hash", primary_key=True),
        bytes_column("actor"),
        int_column("at"),
        bytes_column("own"),
        bytes_column("officer"),
        Index("accountability_by_actor", "actor", "at"),
    )
    Table(
        "replay",
        metadata,
        counter_column("replay_id", counts=True),
        bytes_column("leaf_hash"),
        text_column("kind"),
        bytes_column("payload"),
        int_column("at"),
        Index("replay_by_leaf", "leaf_hash"),
        sqlite_autoincrement=True,  # a shipped number is never given again
    )
    Table(
        "shipped",
        metadata,
        counter_column("number", counts=False),
        int_column("size"),
        int_column("parts"),
        int_column("at"),
    )
    Table(
        "lease", metadata, text_column("name", primary_key=True), text_column("holder"), int_column("until")
    )
