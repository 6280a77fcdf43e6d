"""Two versions run on one database during a rolling restart: what a migration may do is held here.

What was there before a fixed revision stays as it was released. Every later migration says either that it
only adds, by `runs_from`, the oldest revision whose programs run on its tables; or by `takes_away` why it
does not, and what stopped to use that one version before.
"""

import ast
from pathlib import Path

import pytest

from storage.migrations.migrate import Branch, runs_from
from storage.migrations.revisions import MIGRATIONS

FROM = {"index": "0013", "vault": "0015", "accounts": "0002", "day_keys": "0002"}
"""The first revision of each branch that the rule holds for."""
BESIDE = {"index": "0012", "vault": "0014", "day_keys": "0001"}
"""The revisions that the commit under « Runs beside » in CHANGELOG.md knows. Its sign-in is stopped first
(docs/upgrade.md), so that accounts are not among them; tests/integration/test_rolling.py rolls the others."""
ADDING = frozenset({"create_table", "add_column", "create_index", "get_bind"})
READ_BY_EYE = {
    "v0013_months": "programs of before read and write the table by its name; tests/contract/test_months.py",
    "v0014_instance_months": "as 0013",
}
"""Migrations that run statements of their own, and why older programs do not mind."""
FILES = sorted(
    file
    for branch, first in FROM.items()
    for file in (MIGRATIONS / branch).glob("v????_*.py")
    if file.name[1:5] >= first
)


def operations(source: str) -> list[ast.Call]:
    """Calls of Alembic's `op`."""
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "op"
    ]


def stated(source: str) -> set[str]:
    """The names that a migration gives a value."""
    given = [node for node in ast.parse(source).body if isinstance(node, ast.Assign)]
    return {each.id for node in given for each in node.targets if isinstance(each, ast.Name)}


def taken_away(source: str) -> list[str]:
    """Of a migration that says that older programs run on its tables, the operations that belie it."""
    if "runs_from" not in stated(source):
        return []
    calls = operations(source)
    names = [_called(call) for call in calls]
    wanted = [
        name
        for name, call in zip(names, calls, strict=True)
        if name == "add_column" and not _may_be_left_out(call)
    ]
    return [name for name in names if name not in ADDING] + wanted


def hold_up(source: str) -> list[str]:
    """Indexes on tables that were there, made in the transaction: nobody writes to these meanwhile."""
    calls = operations(source)
    made = {_word(call, 0) for call in calls if _called(call) == "create_table"}
    return [
        _word(call, 0) for call in calls if _called(call) == "create_index" and _word(call, 1) not in made
    ]


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _word(call: ast.Call, place: int) -> str:
    """An argument as it is written."""
    return ast.unparse(call.args[place]) if len(call.args) > place else "?"


def _may_be_left_out(add_column: ast.Call) -> bool:
    """A program that does not know the column inserts rows without it."""
    column = next(node for node in add_column.args if isinstance(node, ast.Call))
    given = {word.arg: word.value for word in column.keywords}
    nullable = given.get("nullable")
    return "server_default" in given or (isinstance(nullable, ast.Constant) and nullable.value is True)


@pytest.mark.parametrize("branch", BESIDE)
def test_the_version_that_runs_beside_this_one_starts_on_its_tables(branch: Branch) -> None:
    assert runs_from(branch) <= BESIDE[branch]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_migration_says_whether_older_programs_run_on_its_tables(file: Path) -> None:
    assert len(stated(file.read_text()) & {"runs_from", "takes_away"}) == 1, (
        f'{file.name}: where it only adds, write `runs_from = "{int(file.name[1:5]) - 1:04d}"` below its '
        'revision, else `takes_away = "why, and since when nothing uses it"`.'
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_migration_that_older_programs_run_on_takes_nothing_away(file: Path) -> None:
    found = set(taken_away(file.read_text()))
    assert found == ({"execute"} if file.stem in READ_BY_EYE else set())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_an_index_on_a_table_that_was_there_is_made_beside_the_processes(file: Path) -> None:
    assert hold_up(file.read_text()) == [], (
        "List it in ONLINE and call at_once(ONLINE): storage/migrations/online.py."
    )


def test_what_holds_others_up_is_found() -> None:
    told = 'def upgrade():\n    op.create_table("a")\n    op.create_index("i", "{}", ["c"])\n'
    assert hold_up(told.format("b")) == ["'i'"]
    assert hold_up(told.format("a")) == []


def test_what_takes_away_is_found() -> None:
    told = 'runs_from = "0012"\ndef upgrade():\n    op.{}\n'
    bad = (
        'drop_column("a", "b")',
        'drop_index("a", "b")',
        'execute("ALTER TABLE a ALTER b SET NOT NULL")',
        'alter_column("a", "b", nullable=False)',
        'add_column("a", sa.Column("b", sa.Text(), nullable=False))',
        'create_unique_constraint("a", "b", ["c"])',
    )
    assert all(taken_away(told.format(each)) for each in bad)
    assert not taken_away('def upgrade():\n    op.drop_column("a", "b")\n')
    good = 'add_column("a", sa.Column("b", sa.Text(), nullable=False, server_default=""))'
    assert not taken_away(told.format(good))
