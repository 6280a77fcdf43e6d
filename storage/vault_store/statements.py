"""SQL for the vault's small verbs, written once per shape of call and kept.

A shape is (verb, table, names and operators of the conditions, order); its values arrive as parameters, so
that a repeated call costs neither building nor compiling.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, MetaData, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.sql import Executable

from storage.sql.conflicts import insert_new
from storage.vault_store.joined import counting, standing

_OPERATORS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
}


class Statements:
    """Prepared statements over the tables of one MetaData. Unknown tables and columns raise KeyError."""

    def __init__(self, metadata: MetaData) -> None:
        self._tables = metadata.tables
        self._kept: dict[tuple[Any, ...], Any] = {}
        self.columns = {name: tuple(table.columns.keys()) for name, table in self._tables.items()}
        self._optional = {name: _optional(table) for name, table in self._tables.items()}

    @cached_property
    def counting(self) -> Executable:
        return counting(self._tables["quota_count"])

    @cached_property
    def standing(self) -> Executable:
        return standing(self._tables["grant"], self._tables["record"], self._tables["withdrawn"])

    def select(
        self,
        table: str,
        where: Mapping[str, object],
        order: str | Sequence[str],
        *,
        lock: bool,
        limited: bool,
    ) -> Executable:
        """SELECT of all columns; the limit is the parameter `w_limit`."""
        names = (order,) if isinstance(order, str) else tuple(order)
        shape = ("select", table, _shape(where), names, lock, limited)
        return self._keep(shape, lambda: self._select(self._tables[table], where, names, lock, limited))

    def _select(
        self, table: Table, where: Mapping[str, object], order: tuple[str, ...], lock: bool, limited: bool
    ) -> Executable:
        statement = select(table).where(*_conditions(table, where)).order_by(*_order(table, order))
        if limited:
            statement = statement.limit(bindparam("w_limit"))
        return statement.with_for_update() if lock else statement

    def insert(self, table: str) -> Executable:
        return self._keep(("insert", table), lambda: insert(self._tables[table]).inline())

    def count_on(self, table: str, row: Mapping[str, object]) -> Executable | None:
        """Postgres: the table's counter goes on behind the largest number. None where `row` brings none."""
        counter = self._tables[table].autoincrement_column
        if counter is None or counter.name not in row:
            return None
        sequence = func.pg_get_serial_sequence(table, counter.name)
        highest = func.greatest(func.max(counter), func.nextval(sequence))
        return self._keep(("count_on", table), lambda: select(func.setval(sequence, highest)))

    def insert_new(self, table: str) -> Executable:
        return self._keep(("insert_new", table), lambda: insert_new(self._tables[table]))

    def update(self, table: str, values: Iterable[str], where: Mapping[str, object]) -> Executable:
        """UPDATE; new values are the parameters `v_<column>`."""
        names = tuple(values)
        return self._keep(("update", table, names, _shape(where)), lambda: self._update(table, names, where))

    def _update(self, table: str, names: tuple[str, ...], where: Mapping[str, object]) -> Executable:
        target = self._tables[table]
        changes = {target.c[name]: bindparam(f"v_{name}", type_=target.c[name].type) for name in names}
        return update(target).where(*_conditions(target, _bounded(where))).values(changes)

    def delete(self, table: str, where: Mapping[str, object]) -> Executable:
        return self._keep(("delete", table, _shape(where)), lambda: self._delete(table, where))

    def _delete(self, table: str, where: Mapping[str, object]) -> Executable:
        target = self._tables[table]
        return delete(target).where(*_conditions(target, _bounded(where)))

    def complete(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with every column: optional ones are None (a counter and what has a default of its own stay
        out). KeyError for unknown or missing ones.
        """
        columns, optional = self.columns[table], self._optional[table]
        if unknown := row.keys() - set(columns):
            raise KeyError(f"{table} has no column {', '.join(sorted(unknown))}")
        return {
            name: row.get(name) if name in optional else row[name]
            for name in columns
            if name in row or optional.get(name) != "left out"
        }

    def _keep(self, shape: tuple[Any, ...], build: Callable[[], Executable]) -> Executable:
        statement = self._kept.get(shape)
        if statement is None:
            statement = self._kept[shape] = build()
        return statement


def parameters(where: Mapping[str, object]) -> dict[str, Any]:
    """The values of conditions under the names that the statements gave them."""
    return {
        f"w_{name}": list(value) if name.endswith("__in") else value  # type: ignore[call-overload]
        for name, value in where.items()
        if value is not None
    }


def matches_nothing(where: Mapping[str, object]) -> bool:
    """An empty `__in`: no row can match, and no question need be asked."""
    return any(name.endswith("__in") and not value for name, value in where.items())


def _shape(where: Mapping[str, object]) -> tuple[tuple[str, bool], ...]:
    return tuple((name, value is None) for name, value in where.items())


def _conditions(table: Table, where: Mapping[str, object]) -> list[ColumnElement[bool]]:
    return [_condition(table, name, value) for name, value in where.items()]


def _condition(table: Table, name: str, value: object) -> ColumnElement[bool]:
    column_name, _, operator = name.partition("__")
    column = table.c[column_name]
    if value is None and not operator:
        return column.is_(None)
    if value is None:
        raise TypeError(f"{name} needs a value")
    if operator == "in":
        return column.in_(bindparam(f"w_{name}", type_=column.type, expanding=True))
    bound = bindparam(f"w_{name}", type_=column.type)
    return _OPERATORS[operator](column, bound) if operator else column == bound


def _order(table: Table, names: tuple[str, ...]) -> list[ColumnElement[Any]]:
    return [table.c[name[1:]].desc() if name.startswith("-") else table.c[name] for name in names]


def _bounded(where: Mapping[str, object]) -> Mapping[str, object]:
    if not where:
        raise TypeError("a change needs a condition")
    return where


def _optional(table: Table) -> dict[str, str]:
    counter = table.autoincrement_column
    found = {column.name: "null" for column in table.columns if column.nullable}
    found |= {column.name: "left out" for column in table.columns if column.server_default is not None}
    return found | ({counter.name: "left out"} if counter is not None else {})
