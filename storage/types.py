"""Column types that mean the same on every engine. Times are milliseconds since the epoch (`BigInteger`)
unless a column says otherwise.
"""

import uuid
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Uuid
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class Id(TypeDecorator[uuid.UUID]):
    """A UUID: 16 bytes on SQLite, the native type elsewhere. Binding anything but a `uuid.UUID` is a
    TypeError.
    """

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(LargeBinary())
        return dialect.type_descriptor(Uuid())

    def process_bind_param(self, value: uuid.UUID | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if not isinstance(value, uuid.UUID):
            raise TypeError("an id column takes a uuid.UUID")
        return value.bytes if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> uuid.UUID | None:
        return uuid.UUID(bytes=value) if isinstance(value, bytes) else value


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
