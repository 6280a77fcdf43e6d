"""Database roles on Postgres: a process may do its own work in the tables, and nothing else.

Given by whoever owns the tables, after the migrations, as often as one likes: what a role had before is taken
away first. SQLite has no roles: there the file's mode is the fence.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from records.errors import CoffreError
from storage.engines.transactions import Database

POSTGRES = "postgresql"

_KNOWN = text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:roles)")
# more than its grants: what it may do everywhere, and what it has from other roles
_MORE = text(
    "SELECT rolname FROM pg_roles WHERE rolname = ANY(:roles) AND (rolsuper OR rolbypassrls OR rolcreaterole"
    " OR rolcreatedb OR rolreplication"
    " OR EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.member = pg_roles.oid))"
)
_MAKE = "CREATE ROLE {} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE"


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of each process in one database.

    `grants`: role to what it is granted, as the words between GRANT and TO, such as `SELECT ON upload`.
    `fences`: statements that run afterwards: rules on rows, triggers.
    """

    grants: Mapping[str, Sequence[str]]
    fences: Sequence[str]


def on_postgres(url: str) -> bool:
    """Whether the database at this address has roles at all."""
    return url.partition(":")[0].partition("+")[0] == POSTGRES


def address_for(url: str, role: str, password: str) -> str:
    """The database of `url`, as `role` reaches it."""
    return make_url(url).set(username=role, password=password).render_as_string(hide_password=False)


def password_in(url: str) -> str | None:
    """The password that an address carries, if it is one."""
    try:
        found = make_url(url).password
    except ArgumentError:
        return None
    return str(found) if found else None


def missing(database: Database, rights: Rights) -> set[str]:
    """Those of the roles that the server does not know."""
    _refuse_without_roles(database)
    with database.reading() as connection:
        return _missing(connection, rights)


def statements(database: Database, rights: Rights) -> list[str]:
    """The statements that `apply` would run, but for the passwords; nothing is changed."""
    absent = missing(database, rights)
    return [*_made(absent), *_given(database, rights)]


def apply(database: Database, rights: Rights, passwords: Mapping[str, str]) -> None:
    """Makes the roles of `rights` with their passwords and exactly these rights, all or nothing.

    A role without a password here keeps the one it has, and cannot sign in if it is new. CoffreError
    `bad_setting` on SQLite or for a password of nobody, `roles_not_allowed` where the owner may not give
    them, `role_too_strong` where a role has more from elsewhere.
    """
    _refuse_without_roles(database)
    if unknown := passwords.keys() - rights.grants.keys():
        raise CoffreError(f"There is no role {', '.join(sorted(unknown))}.", code="bad_setting")
    with _told_who_may(), database.migrating() as connection:
        _refuse_more(connection, rights)
        _run(connection, _made(_missing(connection, rights)))
        _run(connection, [_password(connection, role, word) for role, word in passwords.items()])
        _run(connection, _given(database, rights))


def _refuse_without_roles(database: Database) -> None:
    if database.engine.dialect.name != POSTGRES:
        raise CoffreError("Roles are a thing of Postgres; SQLite keeps its own file.", code="bad_setting")


def _refuse_more(connection: Connection, rights: Rights) -> None:
    found = connection.execute(_MORE, {"roles": list(rights.grants)}).scalars().all()
    if found:
        raise CoffreError(
            f"{', '.join(sorted(found))} has rights from elsewhere, by an attribute or another role: take "
            "them away as administrator of the server, then run coffre roles again.",
            code="role_too_strong",
        )


@contextmanager
def _told_who_may() -> Iterator[None]:
    """A refusal names the remedy; the usual sentence would name the command that is running."""
    try:
        yield
    except CoffreError as error:
        if error.code != "store_refused":
            raise
        raise CoffreError(
            "This role may not give these rights: run coffre roles as owner of the tables with CREATEROLE, "
            "or have the server's administrator run what coffre roles --dry-run prints.",
            code="roles_not_allowed",
        ) from error


def _missing(connection: Connection, rights: Rights) -> set[str]:
    return rights.grants.keys() - set(
        connection.execute(_KNOWN, {"roles": list(rights.grants)}).scalars().all()
    )


def _run(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _made(roles: set[str]) -> list[str]:
    return [_MAKE.format(role) for role in sorted(roles)]


def _password(connection: Connection, role: str, password: str) -> str:
    # the server and its log see the verifier alone (RFC 5803), never the password
    library: Any = connection.connection.driver_connection
    verifier = library.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return f"ALTER ROLE {role} PASSWORD '{verifier.decode()}'"


def _given(database: Database, rights: Rights) -> list[str]:
    engine = database.engine
    name = engine.dialect.identifier_preparer.quote(str(engine.url.database))
    return [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        *(
            statement
            for role, granted in rights.grants.items()
            for statement in _of_role(name, role, granted)
        ),
        *rights.fences,
    ]


def _of_role(database: str, role: str, granted: Sequence[str]) -> list[str]:
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {role}",
        f"GRANT CONNECT ON DATABASE {database} TO {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT ON alembic_version TO {role}",
        *(f"GRANT {right} TO {role}" for right in granted),
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
