"""The index's rows: inserted beside the engine's own fastest way, then looked up among ten times as many.

`python -m benchmarks database --rows 10000000` (`make bench-scale`) goes up to ten million instances.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from benchmarks.tools.measuring import table
from storage.engines.opening import Database, engine_for
from storage.index import tables
from storage.index.mapping import INSTANCES
from storage.index.store import SqlIndex
from storage.migrations.migrate import upgrade
from storage.rows.documents import Instance
from storage.sql.bulk import insert_many
from tests.services.postgres import running

PER_STUDY, STUDIES_PER_RECORD = 50, 5
SIZES = (100_000, 1_000_000)
BATCH, ROUNDS, ASKED = 10_000, 5, 400
COLUMNS = tuple(field.name for field in fields(Instance))
VALUES = attrgetter(*COLUMNS)


def spread(number: int) -> UUID:
    """Known again by its number, spread like a random id."""
    return UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)


def ordered(number: int) -> UUID:
    """Known again by its number, in order like a UUIDv7."""
    return UUID(int=0x0198_0000_0000_7000_8000 << 48 | number)


def instances(start: int, stop: int) -> Iterator[Instance]:
    for n in range(start, stop):
        study = n // PER_STUDY
        yield Instance(
            document_id=ordered(study),
            submission_id=ordered(study),
            part=n % PER_STUDY + 1,
            sop_token=spread(n).bytes * 2,
            series_token=spread(study).bytes * 2,
            blob_id=spread(study),
            version=1,
            offset=524_288 * (n % PER_STUDY),
            length=524_288,
        )


def studies(start: int, stop: int) -> Iterator[dict[str, Any]]:
    for n in range(start // PER_STUDY, stop // PER_STUDY):
        yield {
            "document_id": ordered(n),
            "record_id": spread(-(n // STUDIES_PER_RECORD) - 1),
            "kind": "study",
            "state": "approved",
            "study_token": spread(n).bytes * 2,
            "created_at": n,
            "updated_at": n,
        }


def details(start: int, stop: int) -> Iterator[dict[str, Any]]:
    for n in range(start // PER_STUDY, stop // PER_STUDY):
        yield {
            "document_id": ordered(n),
            "row_version": 1,
            "submission_id": ordered(n),
            "sealed": bytes(600),
            "created_at": n,
        }


def by_the_index(database: Database, rows: Sequence[Instance]) -> None:
    """The way of a publication."""
    with database.writing() as connection:
        insert_many(connection, tables.instance, [INSTANCES.parameters(row) for row in rows])


def by_the_engine(database: Database, rows: Sequence[Instance]) -> None:
    """COPY on Postgres, the driver's executemany on SQLite."""
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    with database.writing() as connection:
        connection.exec_driver_sql("SELECT 1")  # begins what leaving the block commits
        raw: Any = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            marks = ", ".join("?" for _ in COLUMNS)
            raw.executemany(f"INSERT INTO instance ({names}) VALUES ({marks})", map(_as_bytes, rows))  # noqa: S608
            return
        with raw.cursor().copy(f"COPY instance ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(VALUES(row))


def _as_bytes(row: Instance) -> list[Any]:
    return [value.bytes if isinstance(value, UUID) else value for value in VALUES(row)]


def fill(database: Database, start: int, stop: int) -> tuple[float, float]:
    """Rows a second by the index and by the engine, in batches that take turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for number, first in enumerate(range(start, stop, BATCH)):
        rows = list(instances(first, min(first + BATCH, stop)))
        way = number % 2
        began = time.perf_counter()
        (by_the_index, by_the_engine)[way](database, rows)
        times[way].append(len(rows) / (time.perf_counter() - began))
    with database.writing() as connection:
        for target, found in ((tables.document, studies), (tables.details, details)):
            connection.execute(insert(target), list(found(start, stop)))
    return median(times[0]), median(times[1])


def questions(index: SqlIndex, size: int) -> dict[str, Callable[[int], object]]:
    def record(n: int) -> UUID:
        return spread(-(n // PER_STUDY // STUDIES_PER_RECORD) - 1)

    return {
        "study by its token": lambda n: index.documents_by_study(record(n), spread(n // PER_STUDY).bytes * 2),
        "first page of a record": lambda n: index.documents(record(n), limit=20),
        "next page of a record": lambda n: index.documents(
            record(n), after=(n // PER_STUDY, ordered(n // PER_STUDY)), limit=20
        ),
        "one that is not there": lambda n: index.documents_by_study(record(n), bytes(32)),
    }


def look_up(database: Database, size: int) -> dict[str, float]:
    """Median microseconds of each question about rows from anywhere."""
    chance, asked = random.Random(size), questions(SqlIndex(database), size)
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(ASKED):
        n = chance.randrange(size)
        for name, ask in asked.items():
            began = time.perf_counter()
            found = ask(n)
            times[name].append(time.perf_counter() - began)
            assert found or name in ("one that is not there", "next page of a record"), name
    return {name: median(found) * 1e6 for name, found in times.items()}


def statistics_of(database: Database) -> None:
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


@contextmanager
def engines(folder: Path) -> Iterator[dict[str, Database]]:
    with running(folder / "postgres") as service:
        found = {
            "SQLite": engine_for(f"sqlite:///{folder}/index.db"),
            "Postgres": engine_for(service.url()),
        }
        for database in found.values():
            upgrade(database, "index")
        yield found
        for database in found.values():
            database.close()


def run(largest: int = SIZES[-1]) -> None:
    sizes = (*(size for size in SIZES if size < largest), largest)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)  # the server's own user must find its folder inside
        with engines(folder) as found:
            for name, database in found.items():
                _report(name, database, sizes)


def _report(name: str, database: Database, sizes: Sequence[int]) -> None:
    speeds, times, before = [], {}, 0
    for size in sizes:
        ours, own = fill(database, before, size)
        statistics_of(database)
        look_up(database, size)  # warm
        times[size] = look_up(database, size)
        speeds.append((f"{size:,}", f"{ours:,.0f}", f"{own:,.0f}", f"{ours / own:.2f}"))
        before = size
    table(f"{name}: instances inserted", ("up to", "index/s", "engine/s", "ratio"), speeds)
    header = ("question", *(f"µs at {size:,}" for size in sizes), *("growth" for _ in sizes[1:]))
    rows = []
    for question in times[sizes[0]]:
        found = [times[size][question] for size in sizes]
        growth = [f"{later / earlier:.2f}" for earlier, later in pairwise(found)]
        rows.append((question, *(f"{each:.0f}" for each in found), *growth))
    table(f"{name}: looked up", header, rows)
