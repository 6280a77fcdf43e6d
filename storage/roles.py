"""Database roles on Postgres: a process may do its own work in the tables, and nothing else.

Run by whoever owns the tables, after the migrations, as often as one likes: what a role had before is taken
away first. SQLite has no roles: there the file's mode is the fence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from records.errors import CoffreError
from storage.transactions import Database

_FIND = text("SELECT 1 FROM pg_roles WHERE rolname = :role")

Grants = Mapping[str, Sequence[str]]
"""Role to what it is granted, as the words between GRANT and TO: `SELECT ON upload`."""


def apply(database: Database, passwords: Mapping[str, str], grants: Grants, more: Sequence[str]) -> None:
    """Makes the roles of `grants` with their passwords and exactly their rights; then runs `more`.

    A role without a password here keeps the one it has, and cannot sign in if it is new. CoffreError
    `bad_setting` on SQLite or for a password of nobody.
    """
    if database.engine.dialect.name != "postgresql":
        raise CoffreError("Roles are a thing of Postgres; SQLite keeps its own file.", code="bad_setting")
    if unknown := passwords.keys() - grants.keys():
        raise CoffreError(f"There is no role {', '.join(sorted(unknown))}.", code="bad_setting")
    with database.migrating() as connection:
        quote = connection.dialect.identifier_preparer.quote
        name = quote(connection.exec_driver_sql("SELECT current_database()").scalar_one())
        _run(
            connection,
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        )
        for role, rights in grants.items():
            _make(connection, role, passwords.get(role))
            _run(connection, *_rights(name, role, rights))
        _run(connection, *more)


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _make(connection: Connection, role: str, password: str | None) -> None:
    if connection.execute(_FIND, {"role": role}).first() is None:
        _run(connection, f"CREATE ROLE {role} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE")
    if password is not None:
        # the server and its log see the verifier alone (RFC 5803), never the password
        library: Any = connection.connection.driver_connection
        verifier = library.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
        _run(connection, f"ALTER ROLE {role} PASSWORD '{verifier.decode()}'")


def _rights(database: str, role: str, rights: Sequence[str]) -> list[str]:
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        f"GRANT CONNECT ON DATABASE {database} TO {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON alembic_version TO {role}",
        *(f"GRANT {right} TO {role}" for right in rights),
    ]


def policies(table: str, rules: Mapping[str, tuple[str, str]]) -> list[str]:
    """Row-level security on `table`: name of the rule to (command, "TO role USING …"). What no rule allows
    is not there for a role, whatever it was granted; the owner is not bound.
    """
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        *(f"DROP POLICY IF EXISTS {name} ON {table}" for name in rules),
        *(f"CREATE POLICY {name} ON {table} FOR {command} {rule}" for name, (command, rule) in rules.items()),
    ]
