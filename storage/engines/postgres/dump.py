"""pg_dump and pg_restore, as programs that know every version. Passwords go by the environment."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy.engine import URL

from records.errors import CoffreError

_DEBIAN = Path("/usr/lib/postgresql")
_OF_ROLES = re.compile(r"[0-9]+; [0-9]+ [0-9]+ (POLICY|ROW SECURITY) ")
"""Lines of `pg_restore --list`: dump id, catalogue and object ids, kind."""
_QUERY = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")


def dump(url: URL, snapshot: str, path: Path) -> None:
    """Write the database as `snapshot` shows it. CoffreError "dump_failed", "tool_missing"."""
    _run(
        "pg_dump",
        url,
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
        f"--file={path}",
    )


def restore(url: URL, path: Path) -> None:
    """Fill an empty database, all or nothing. CoffreError "dump_failed", "tool_missing".

    Rules on rows are left out like grants: they name roles that this server may not have.
    """
    contents = _run("pg_restore", url, "--list", str(path))
    kept = [line for line in contents.splitlines() if not _OF_ROLES.match(line)]
    options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
    with NamedTemporaryFile("w") as chosen:
        chosen.write("\n".join(kept))
        chosen.flush()
        _run("pg_restore", url, *options, f"--use-list={chosen.name}", f"--dbname={url.database}", str(path))


def _run(program: str, url: URL, *options: str) -> str:
    done = subprocess.run(  # noqa: S603 - fixed programs; no address or password in the arguments
        [_found(program), "--no-password", *options],
        env=os.environ | _environment(url),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise CoffreError(f"{program} failed: {said[0] if said else done.returncode}.", code="dump_failed")
    return done.stdout


def _found(program: str) -> str:
    """The newest one: an older program refuses a newer server."""
    versions = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(program)
    if found is None:
        raise CoffreError(
            f"{program} is missing: install the client of Postgres (postgresql-client).", code="tool_missing"
        )
    return found


def _environment(url: URL) -> dict[str, str]:
    found = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
    }
    found |= {f"PG{name.upper()}": str(url.query[name]) for name in _QUERY if name in url.query}
    return {name: value for name, value in found.items() if value is not None}
