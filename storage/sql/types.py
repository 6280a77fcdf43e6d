"""Column types that mean the same on every engine. Times are milliseconds since the epoch (`BigInteger`)
unless a column says otherwise.
"""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class Bytes(LargeBinary):
    """Bytes, handed to the drivers as they are instead of wrapped one by one."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return None


class Id(TypeDecorator[uuid.UUID]):
    """A UUID: 16 bytes on SQLite, the native type elsewhere. Binding anything but a `uuid.UUID` is a
    TypeError.
    """

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(LargeBinary() if dialect.name == "sqlite" else Uuid())

    # processors, not process_bind_param: a publication binds several ids in each of thousands of rows

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        return _sixteen_bytes if dialect.name == "sqlite" else _itself

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        return _uuid if dialect.name == "sqlite" else None


def _itself(value: uuid.UUID | None) -> uuid.UUID | None:
    if value is not None and not isinstance(value, uuid.UUID):
        raise TypeError("an id column takes a uuid.UUID")
    return value


def _sixteen_bytes(value: uuid.UUID | None) -> bytes | None:
    found = _itself(value)
    return None if found is None else found.bytes


def _uuid(value: bytes | None) -> uuid.UUID | None:
    return None if value is None else uuid.UUID(bytes=value)


Counter = BigInteger().with_variant(Integer(), "sqlite")
"""A whole number as primary key: SQLite stores rows in its order, and counts by itself, only if it is
called INTEGER.
"""


class Unsigned64(TypeDecorator[int]):
    """A whole number below 2^64 (a CRC), kept in the engines' signed 64 bits."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or value < 1 << 63 else value - (1 << 64)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or value >= 0 else value + (1 << 64)
