"""Columns that mean the same in every table: not null unless they say so, and without counters of their
own.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from storage.sql.types import Bytes, Counter, Id, Unsigned64

NAMES = {"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_name)s"}
"""Every constraint has a name of its own, so that a migration can change it."""


def id_column(name: str, **options: Any) -> Column[Any]:
    return Column(name, Id, **{"nullable": False, **options})


def bytes_column(name: str, **options: Any) -> Column[Any]:
    return Column(name, Bytes, **{"nullable": False, **options})


def text_column(name: str, **options: Any) -> Column[Any]:
    return Column(name, Text, **{"nullable": False, **options})


def int_column(name: str, **options: Any) -> Column[Any]:
    return Column(name, BigInteger, **{"nullable": False, **options})


def unsigned_column(name: str, **options: Any) -> Column[Any]:
    return Column(name, Unsigned64, **{"nullable": False, **options})


def counter_column(name: str, *, counts: bool) -> Column[Any]:
    return Column(name, Counter, primary_key=True, nullable=False, autoincrement=counts)


def compact_table(name: str, metadata: MetaData, *parts: Any, **more: Any) -> Table:
    """A table of small rows under a random key: SQLite keeps them in that key's own tree."""
    return Table(name, metadata, *parts, sqlite_with_rowid=False, **more)
