"""Verdicts of parts and instances by month, on Postgres: an installation that is there is migrated while it
works, the housekeeper makes what comes next, and look-ups read one month.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, text

from records.errors import CoffreError
from storage.engines.opening import engine_for
from storage.engines.postgres.beside_others import beside_others
from storage.engines.postgres.roles import Rights, address_for, apply
from storage.engines.transactions import Database
from storage.index.months import AHEAD, missing
from storage.index.roles import GRANTS, HOUSEKEEPER, RIGHTS, WORKER
from storage.index.shared_instances import FEW, note_shared
from storage.index.store import SqlIndex
from storage.migrations import migrate
from storage.migrations.migrate import upgrade
from storage.migrations.online import NewIndex
from tests.contract.cut import CutError, cut_at
from tests.services.fixtures_postgres import NewDatabase

ADDING = {
    "part": "INSERT INTO part (submission_id, number, outcome, code, reason)"
    " VALUES (:id, 1, 'published', '', '')",
    "instance": "INSERT INTO instance VALUES (:id, 1, :id, NULL, NULL, :id, 1, 0, 1)",
}
BY_MONTH = tuple(ADDING)
BEFORE = {"part": "0012", "instance": "0013"}
COLUMNS = {"part": ("outcome", "code"), "instance": ("version", "length")}
NOW = datetime.now(UTC)


def id_of(year: int, month: int, day: int = 1, ending: int = 0) -> UUID:
    """A UUIDv7 of that day."""
    at = int(datetime(year, month, day, tzinfo=UTC).timestamp() * 1000)
    return UUID(int=at << 80 | 7 << 76 | 2 << 62 | ending)


def later(months: int) -> tuple[int, int]:
    count = NOW.year * 12 + NOW.month - 1 + months
    return count // 12, count % 12 + 1


def number(months: int) -> int:
    """Of the month so many after this one, as 202612."""
    year, month = later(months)
    return year * 100 + month


def ms_of(months: int) -> int:
    return int(datetime(*later(months), 1, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(params=BY_MONTH)
def table(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def before(postgres_database: NewDatabase, table: str) -> Iterator[Database]:
    """Of the version before, with a row of last year, one of today, and a reader's role."""
    database = engine_for(postgres_database())
    migrate._apply(database, "index", BEFORE[table])
    with database.writing() as connection:
        for which in (id_of(2025, 3), id_of(*later(0), 1)):
            add(connection, table, which)
        connection.execute(text("DROP ROLE IF EXISTS months_reader"))
        connection.execute(text("CREATE ROLE months_reader"))
        connection.execute(text(f"GRANT SELECT, UPDATE ({COLUMNS[table][0]}) ON {table} TO months_reader"))
    yield database
    with database.writing() as connection:
        connection.execute(text("DROP OWNED BY months_reader"))
        connection.execute(text("DROP ROLE months_reader"))
    database.close()


@pytest.fixture
def index(postgres_database: NewDatabase) -> SqlIndex:
    return SqlIndex(engine_for(postgres_database("index")))


def add(connection: Connection, table: str, which: UUID) -> None:
    connection.execute(text(ADDING[table]), {"id": which})


def place(connection: Connection, table: str, which: UUID) -> str:
    found = text(f"SELECT tableoid::regclass::text FROM {table} WHERE submission_id = :id")  # noqa: S608
    return str(connection.execute(found, {"id": which}).scalar_one())


def files(connection: Connection, table: str) -> set[int]:
    """Those that hold the table and its indexes."""
    found = text(
        "SELECT pg_relation_filenode(to_regclass(:name)) UNION ALL"
        " SELECT pg_relation_filenode(indexrelid) FROM pg_index WHERE indrelid = to_regclass(:name)"
    )
    return set(connection.execute(found, {"name": table}).scalars())


def test_what_is_there_becomes_the_first_partition_and_is_not_copied(before: Database, table: str) -> None:
    with before.reading() as connection:
        had = files(connection, table)
    upgrade(before, "index")
    first = f"{table}_until_{number(2)}"
    with before.reading() as connection:
        assert len(had) == 4 and files(connection, first) == had
        assert place(connection, table, id_of(2025, 3)) == first
        bound = "SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conrelid = to_regclass(:name)"
        assert connection.execute(text(bound), {"name": first}).scalar() == 0


def test_programs_of_before_keep_their_rights(before: Database, table: str) -> None:
    upgrade(before, "index")
    one, other = COLUMNS[table]
    asked = text("SELECT has_column_privilege('months_reader', :table, :column, :right)")
    with before.reading() as connection:
        for column, right, held in (
            (one, "SELECT", True),
            (one, "UPDATE", True),
            (other, "UPDATE", False),
            (one, "INSERT", False),
        ):
            given = {"table": table, "column": column, "right": right}
            assert connection.execute(asked, given).scalar_one() is held


def test_months_are_those_of_utc_wherever_the_server_is(index: SqlIndex, table: str) -> None:
    """Where a month later is an hour less, as from March to April in Paris."""
    with index._database.writing() as connection:
        connection.execute(text("SET LOCAL timezone = 'Europe/Paris'"))
        for month in range(3, 12):
            connection.execute(text("SELECT coffre_make_month(:month)"), {"month": number(month)})
        for month in range(3, 12):
            for day, ending in ((1, 0), (28, 1)):
                which = id_of(*later(month), day, ending)
                add(connection, table, which)
                assert place(connection, table, which) == f"{table}_{number(month)}"


def test_it_is_migrated_while_others_write_and_goes_on_where_it_was_cut(before: Database, table: str) -> None:
    cut = 0
    while True:
        with before.writing() as connection:
            add(connection, table, id_of(*later(0), 2, ending=cut))
        try:
            with cut_at(before, cut):
                upgrade(before, "index")
        except CutError:
            cut += 1
        else:
            break
    assert cut > 20
    with before.writing() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 3 + cut  # noqa: S608
        add(connection, table, id_of(*later(2)))
        assert place(connection, table, id_of(*later(2))) == f"{table}_{number(2)}"


def test_who_has_the_table_for_long_is_not_waited_for(before: Database, table: str) -> None:
    other = engine_for(before.engine.url.render_as_string(hide_password=False))
    with other.reading() as held, ThreadPoolExecutor(1) as pool:
        held.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
        with pytest.raises(CoffreError) as refusal:
            pool.submit(upgrade, before, "index").result(60)
        assert refusal.value.code == "store_busy"
    upgrade(before, "index")
    other.close()


def test_the_housekeeper_makes_what_comes_next(index: SqlIndex, table: str) -> None:
    now = ms_of(0)
    assert index.make_months(now) == 0
    assert index.months_missing(now) == []
    coming = ms_of(3)
    assert index.months_missing(coming) == [number(3), number(4)]
    with index._database.writing() as connection:
        add(connection, table, id_of(*later(4), 15))
        assert place(connection, table, id_of(*later(4), 15)) == f"{table}_others"
    assert index.make_months(coming) == AHEAD + 1
    assert index.months_missing(coming) == [] and index.make_months(coming) == 0
    with index._database.reading() as connection:
        assert place(connection, table, id_of(*later(4), 15)) == f"{table}_{number(4)}"


def test_a_look_up_by_submission_reads_one_month(index: SqlIndex, table: str) -> None:
    asked = text(f"EXPLAIN SELECT * FROM {table} WHERE submission_id = :id")  # noqa: S608
    with index._database.reading() as connection:
        plan = "\n".join(connection.execute(asked, {"id": id_of(*later(2), 3)}).scalars())
    assert f"{table}_{number(2)}" in plan and "until" not in plan and "others" not in plan


def test_an_index_is_made_month_by_month_beside_the_processes(index: SqlIndex) -> None:
    step = NewIndex("part_by_document", "part", ["document_id"], where="document_id IS NOT NULL")
    valid = text(
        "SELECT bool_and(indisvalid) FROM pg_index WHERE indexrelid::regclass::text LIKE 'part_by_doc%'"
    )
    for number_of_statements in range(100):
        try:
            with cut_at(index._database, number_of_statements), beside_others(index._database.engine) as to:
                step.beside_others(to)
        except CutError:
            continue
        break
    assert 10 < number_of_statements < 99
    index.make_months(ms_of(3))
    with index._database.reading() as connection:
        assert connection.execute(valid).scalar_one() is True
        made = "SELECT count(*) FROM pg_index WHERE indrelid = to_regclass(:month) AND indexprs IS NULL"
        assert connection.execute(text(made), {"month": f"part_{number(4)}"}).scalar_one() == 4


def test_the_housekeeper_alone_makes_months_and_no_other_table(
    index: SqlIndex, postgres_database: NewDatabase
) -> None:
    rights = Rights({role: GRANTS[role] for role in (HOUSEKEEPER, WORKER)}, RIGHTS.fences[-2:])
    word = "a password of tests"
    apply(index._database, rights, {HOUSEKEEPER: word, WORKER: word})
    url = index._database.engine.url.render_as_string(hide_password=False)
    keeper, worker = (SqlIndex(engine_for(address_for(url, role, word))) for role in (HOUSEKEEPER, WORKER))
    assert keeper.make_months(ms_of(1)) == 1
    for who, statement in (
        (worker, f"SELECT coffre_make_month({number(4)})"),
        (keeper, "CREATE TABLE public.mine (id integer)"),
        (keeper, "DELETE FROM part"),
    ):
        with pytest.raises(CoffreError) as refused, who._database.writing() as connection:
            connection.execute(text(statement))
        assert refused.value.code == "store_refused"


def test_a_month_that_one_table_has_already_is_made_for_the_other(before: Database) -> None:
    """The tables came to be kept by month at different times."""
    upgrade(before, "index")
    index = SqlIndex(before)
    with before.writing() as connection:
        connection.execute(text(f"DROP TABLE part_{number(2)}"))
    assert index.months_missing(ms_of(1)) == [number(2)]
    assert index.make_months(ms_of(1)) == 2
    assert index.months_missing(ms_of(1)) == []
    with before.writing() as connection:  # what lies in a first partition, too
        connection.execute(text(f"SELECT coffre_make_month({number(0)})"))


def test_nobody_makes_months_far_ahead(index: SqlIndex) -> None:
    with pytest.raises(Exception, match="more than a year"), index._database.writing() as connection:
        connection.execute(text("SELECT coffre_make_month(209901)"))


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [
        ([], [202611, 202612, 202701]),
        (["part_until_202701", "part_others"], [202701]),
        (["part_until_202701", "part_202701"], []),
        (["part_until_202608", "part_202612"], [202611, 202701]),
        (["part_until_202802"], []),
    ],
)
def test_months_that_no_partition_holds(partitions: list[str], expected: list[int]) -> None:
    november = int(datetime(2026, 11, 30, 23, 59, tzinfo=UTC).timestamp() * 1000)
    assert missing(partitions, november) == expected


ROWS = (
    "INSERT INTO document VALUES (:document, :record, 'study', 'approved', '\\x01', 1, 1)",
    "INSERT INTO details VALUES (:document, 1, :submission, '\\x00', 1, 0)",
    "INSERT INTO instance VALUES (:submission, 1, :document, :image, NULL, :document, 1, 0, 1)",
)


def published(connection: Connection, submission: UUID, record: UUID, image: bytes = b"one") -> UUID:
    """A document of one image."""
    document = uuid4()
    named = {"document": document, "record": record, "submission": submission, "image": image}
    for row in ROWS:
        connection.execute(text(row), named)
    return document


@pytest.mark.parametrize("more", [0, FEW], ids=["few studies", "many"])
def test_an_image_of_another_month_is_found_in_its_record_alone(index: SqlIndex, more: int) -> None:
    index.make_months(ms_of(3))
    record = uuid4()
    with index._database.writing() as connection:
        old = published(connection, id_of(2024, 5), record)
        recent = published(connection, id_of(*later(3), 7), record)
        published(connection, id_of(*later(3), 8), uuid4())
        for ending in range(more):
            published(connection, id_of(*later(2), 1, ending), record, image=b"another")
        new = id_of(*later(4), 9)
        mine = published(connection, new, record)
        note_shared(connection, [new])
        found = connection.execute(text("SELECT document_id, other_id FROM shared_instance")).all()
    assert {tuple(row) for row in found} == {(mine, old), (old, mine), (mine, recent), (recent, mine)}
