"""What an engine's planner does with a statement, in words that mean the same for both."""

import re
from collections.abc import Iterator
from typing import Any, Protocol

from sqlalchemy import Connection, event

from storage.engines.opening import Database
from storage.index.tables import INDEX

Seen = dict[str, Any]
"""Each different statement with one set of its parameters."""

# small tables Postgres would rather read whole, and sort: what it cannot do otherwise is what counts
_INDEXES = ("enable_seqscan", "enable_bitmapscan")
_ORDER = (*_INDEXES, "enable_sort")
_BACKLOGS = {
    str(index.name)
    for table in INDEX.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
}
"""Indexes of the rows that wait for something: read from end to end by who works them off."""


def watch(database: Database) -> Seen:
    """Collects statements as they are executed."""
    seen: Seen = {}

    def remember(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if re.match(r"WITH|SELECT|UPDATE|DELETE|INSERT", statement) and "pg_notify" not in statement:
            seen[statement] = values[0] if many else values

    event.listen(database.engine, "before_cursor_execute", remember)
    return seen


class Plan(Protocol):
    def whole_tables(self) -> Iterator[str]:
        """Tables or indexes that are read from end to end."""

    def sorts(self) -> bool:
        """Whether rows are put in order by hand instead of read in order."""


class SqlitePlan:
    def __init__(self, connection: Connection, statement: str, values: Any) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        self._steps = [row[3] for row in cursor.fetchall()]

    def whole_tables(self) -> Iterator[str]:
        for step in self._steps:
            # a scan of a subquery or walk reads only what that one, itself shown, found
            bounded = (
                re.match(r"SCAN (\(subquery|anon_|CONSTANT|walk$)", step) or step.split()[-1] in _BACKLOGS
            )
            if step.startswith("SCAN") and not bounded:
                yield step

    def sorts(self) -> bool:
        return any("TEMP B-TREE" in step for step in self._steps)


class PostgresPlan:
    def __init__(self, connection: Connection, statement: str, values: Any) -> None:
        self._cursor = connection.connection.cursor()
        self._question = (f"EXPLAIN (FORMAT JSON) {statement}", values)

    def _nodes(self, without: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], bool]]:
        """Every node of the plan without some ways, and whether a limit stands above it."""
        for way in _ORDER:
            self._cursor.execute(f"SET LOCAL {way} = {'off' if way in without else 'on'}")
        self._cursor.execute(*self._question)
        waiting = [(self._cursor.fetchone()[0][0]["Plan"], False)]
        while waiting:
            node, limited = waiting.pop()
            yield node, limited
            below = limited or node["Node Type"] == "Limit"
            waiting += [(child, below) for child in node.get("Plans", [])]

    def whole_tables(self) -> Iterator[str]:
        for node, limited in self._nodes(_INDEXES):
            kind = node["Node Type"]
            bounded = (limited and "Filter" not in node) or node.get("Index Name") in _BACKLOGS
            if kind == "Seq Scan" or (
                kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not bounded
            ):
                yield f"{kind} of {node['Relation Name']}"

    def sorts(self) -> bool:
        return any("Sort" in node["Node Type"] for node, _ in self._nodes(_ORDER))


def plan(connection: Connection, statement: str, values: Any) -> Plan:
    kind = SqlitePlan if connection.dialect.name == "sqlite" else PostgresPlan
    return kind(connection, statement, values)


def plans(database: Database, seen: Seen) -> Iterator[tuple[str, Plan]]:
    """The plan of every statement seen so far."""
    for statement, values in list(seen.items()):
        with database.writing() as connection:
            yield statement, plan(connection, statement, values)
