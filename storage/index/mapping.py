"""Map the dataclasses of `storage.rows` to the columns of the same names, and back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Table

from storage.index import tables
from storage.rows.documents import Details, Document, Instance, Token
from storage.rows.submissions import Blob, PartVerdict, Submission

T = TypeVar("T")


class RowMap(Generic[T]):
    """One dataclass and the columns that hold it."""

    def __init__(self, kind: type[T], table: Table) -> None:
        self._kind = kind
        self._names = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
        self._get = attrgetter(*self._names)
        self.columns: tuple[Column[Any], ...] = tuple(table.c[name] for name in self._names)

    def parameters(self, value: T, **more: object) -> dict[str, Any]:
        """The value as parameters of an insert, with the columns that it does not carry."""
        return dict(zip(self._names, self._get(value), strict=True)) | more

    def value(self, row: Sequence[Any]) -> T:
        """The value in a row of `columns`."""
        return self._kind(**dict(zip(self._names, row, strict=True)))

    def values(self, rows: Iterable[Sequence[Any]]) -> list[T]:
        return [self.value(row) for row in rows]


SUBMISSIONS = RowMap(Submission, tables.submission)
BLOBS = RowMap(Blob, tables.blob)
PARTS = RowMap(PartVerdict, tables.part)
DOCUMENTS = RowMap(Document, tables.document)
DETAILS = RowMap(Details, tables.details)
INSTANCES = RowMap(Instance, tables.instance)
TOKENS = RowMap(Token, tables.token)


def portions(values: Iterable[T]) -> Iterator[list[T]]:
    """The values in lists short enough for one statement's parameters (engines stop at some 32 000)."""
    remaining = iter(values)
    while portion := list(islice(remaining, 5000)):
        yield portion
