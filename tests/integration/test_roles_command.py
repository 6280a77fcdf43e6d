"""`coffre roles`: a database role for each process, on a real Postgres."""

import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from typer.testing import CliRunner, Result

from coffre.cli import app
from coffre.installation.database_roles import PROCESSES, RIGHTS
from coffre.installation.install import initialise
from coffre.settings import load
from records.errors import CoffreError
from storage.engines.opening import engine_for
from storage.migrations.schema_version import check
from tests.services.fixtures_postgres import Databases, NewDatabase
from tests.services.processes import free_port
from tests.services.warm import WarmProcess

BOOK = Path(__file__).resolve().parents[2] / "docs/operate.md"

ROLES = sorted({role for rights in RIGHTS.values() for role in rights.grants})
VARIABLES = ("COFFRE_INDEX_URL", "COFFRE_VAULT_STORE_URL", "COFFRE_DAY_KEYS_URL", "COFFRE_ACCOUNTS_URL")
Run = Callable[..., Result]


@pytest.fixture
def addresses(
    postgres: Databases, postgres_database: NewDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[dict[str, str]]:
    """A Coffre on three databases of a server without roles; their owner's addresses by variable."""
    for role in ROLES:
        postgres.execute(f"DROP ROLE IF EXISTS {role}")
    found = {name: postgres_database() for name in VARIABLES}
    for name, address in found.items():
        monkeypatch.setenv(name, address)
    initialise(load(data=tmp_path / "data"))
    yield found
    for address in found.values():
        with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
            for role in ROLES:
                if _exists(connection, role):
                    connection.execute(f"DROP OWNED BY {role}".encode())


@pytest.fixture
def roles(addresses: dict[str, str], tmp_path: Path) -> Run:
    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(app, ["roles", "--data", str(tmp_path / "data"), *arguments])
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "roles"


def _exists(connection: "psycopg.Connection[tuple[object, ...]]", role: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None


def variables(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def opens(process: str, file: Path) -> None:
    """With what stands in its file a process finds the tables as they should be."""
    for variable, address in variables(file).items():
        database = engine_for(address)
        check(database, PROCESSES[process].settings[variable])
        database.close()


def test_each_process_has_a_file_that_only_the_owner_reads_with_addresses_that_open(
    roles: Run, out: Path
) -> None:
    told = json.loads(roles("--out", str(out), "--json").stdout)["roles"]
    assert {each["process"]: each["password"] for each in told} == dict.fromkeys(PROCESSES, "new")
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    for process, part in PROCESSES.items():
        file = out / f"{process}.env"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert variables(file).keys() == part.settings.keys()
        opens(process, file)


def test_again_it_changes_nothing(roles: Run, out: Path) -> None:
    roles("--out", str(out))
    before = files(out)
    told = json.loads(roles("--out", str(out), "--json").stdout)["roles"]
    assert {each["password"] for each in told} == {"kept"}
    assert files(out) == before
    opens("worker", out / "worker.env")


def test_a_password_is_rotated_for_one_process_alone(roles: Run, out: Path) -> None:
    roles("--out", str(out))
    before = files(out)
    old = variables(out / "reader.env")["COFFRE_INDEX_URL"]
    roles("--out", str(out), "--rotate", "reader")
    assert [name for name, content in files(out).items() if content != before[name]] == ["reader.env"]
    opens("reader", out / "reader.env")
    with pytest.raises(CoffreError) as refused:
        check(engine_for(old), "index")
    assert refused.value.code == "store_refused"


def as_the_book_says(process: str, out: Path) -> list[str]:
    """The command of docs/operate.md by which the password of `process` changes."""
    (section,) = re.findall(r"^# A secret changes$(.*?)^# ", BOOK.read_text("utf-8"), re.M | re.S)
    (line,) = re.findall(r"^    coffre roles (.*)$", section, re.M)
    assert re.findall(r"^    systemctl restart coffre-(\w+)$", section, re.M) == [process]
    words = shlex.split(line)
    return [str(out) if each == "/etc/coffre/roles" else each for each in words]


def test_a_password_changes_as_the_book_says(roles: Run, out: Path, tmp_path: Path) -> None:
    """What runs has open connections and opens no other; started again it does."""
    roles("--out", str(out))
    given, port = tmp_path / "credentials", free_port()
    given.mkdir()
    env = {**owners_alone_not(), "CREDENTIALS_DIRECTORY": str(given)}
    words = ("serve", "--only", "intake", "--data", str(tmp_path / "data"), "--port", str(port))
    ready = f"http://127.0.0.1:{port}/health/ready"

    def loaded() -> dict[str, str]:
        """As systemd copies it, once, before the start."""
        shutil.copy(out / "intake.env", given / "roles.env")
        return variables(given / "roles.env")

    old = loaded()["COFFRE_INDEX_URL"]
    with started(words, env, tmp_path / "first.log"):
        assert httpx.get(ready).status_code == 200
        roles(*as_the_book_says("intake", out))
        assert httpx.get(ready).status_code == 200, "its open connection stays"
        with pytest.raises(CoffreError) as refused:
            check(engine_for(old), "index")
        assert refused.value.code == "store_refused"
    assert loaded()["COFFRE_INDEX_URL"] != old
    with started(words, env, tmp_path / "second.log"):
        assert httpx.get(ready).status_code == 200


def owners_alone_not() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in VARIABLES}


@contextmanager
def started(words: tuple[str, ...], env: dict[str, str], log: Path) -> Iterator[None]:
    running = WarmProcess(words, env, log)
    try:
        assert running.stdout.readline().startswith("ready"), log.read_text()
        yield
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 0
        running.stdout.close()


def test_a_file_keeps_its_owner_when_its_password_changes(roles: Run, out: Path) -> None:
    """The process's own user in a container."""
    roles("--out", str(out))
    file = out / "intake.env"
    owner = 60_804 if os.geteuid() == 0 else os.geteuid()
    os.chown(file, owner, -1)
    roles("--out", str(out), "--rotate", "intake")
    assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (owner, 0o600)


def test_a_run_that_was_cut_short_after_its_files_is_completed(roles: Run, out: Path) -> None:
    roles("--out", str(out))
    file = out / "intake.env"
    file.write_text(file.read_text().replace("coffre_intake:", "coffre_intake:chosen"))
    roles("--out", str(out))
    opens("intake", file)
    assert ":chosen" in file.read_text()


def test_a_password_that_processes_use_is_not_replaced_by_mistake(roles: Run, out: Path) -> None:
    roles("--out", str(out))
    refused = roles("--out", str(out.with_name("elsewhere")), code=1)
    assert "role_file_missing" in refused.stderr
    assert not out.with_name("elsewhere").exists()
    opens("intake", out / "intake.env")


def test_a_file_without_a_password_is_told(roles: Run, out: Path) -> None:
    roles("--out", str(out))
    (out / "vault.env").write_text("COFFRE_VAULT_STORE_URL=\n")
    assert "role_file_damaged" in roles("--out", str(out), code=1).stderr


def test_rights_alone_need_no_files(roles: Run, out: Path) -> None:
    assert "cannot sign in" in roles().stdout
    roles("--out", str(out), "--rotate", "all")
    told = json.loads(roles("--json").stdout)["roles"]
    assert {(each["password"], each["file"]) for each in told} == {("untouched", None)}


def test_a_dry_run_is_the_script_that_an_administrator_runs(
    roles: Run, addresses: dict[str, str], postgres: Databases
) -> None:
    script = roles("--dry-run").stdout
    assert "PASSWORD" not in script
    with psycopg.connect(postgres.service.url().replace("+psycopg", "")) as connection:
        assert not any(_exists(connection, role) for role in ROLES)
    plain = addresses["COFFRE_INDEX_URL"].replace("+psycopg", "")
    subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", plain],
        input=script,
        text=True,
        check=True,
        capture_output=True,
    )
    assert "CREATE ROLE" not in roles("--dry-run").stdout
    told = json.loads(roles("--json").stdout)["roles"]
    assert {each["password"] for each in told} == {"untouched"}


def test_who_may_not_give_rights_is_told_who_may(
    roles: Run, addresses: dict[str, str], postgres: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres.execute("CREATE ROLE weak LOGIN PASSWORD 'weak'")
    name = addresses["COFFRE_INDEX_URL"].rpartition("/")[2]
    with psycopg.connect(addresses["COFFRE_INDEX_URL"].replace("+psycopg", ""), autocommit=True) as own:
        own.execute("GRANT SELECT ON alembic_version TO weak")
        monkeypatch.setenv("COFFRE_INDEX_URL", postgres.service.url(name, "weak", "weak"))
        assert "roles_not_allowed" in roles(code=1).stderr
        own.execute("DROP OWNED BY weak")
    postgres.execute("DROP ROLE weak")


def test_a_role_with_rights_from_elsewhere_is_refused(roles: Run, postgres: Databases) -> None:
    postgres.execute("CREATE ROLE coffre_reader LOGIN BYPASSRLS")
    refused = roles(code=1)
    assert "role_too_strong" in refused.stderr
    assert "coffre_reader" in refused.stderr
    postgres.execute("DROP ROLE coffre_reader")


def test_no_password_stands_in_what_is_said_or_in_the_servers_log(
    roles: Run, out: Path, addresses: dict[str, str]
) -> None:
    said = roles("--out", str(out)).output + roles("--out", str(out), "--json").output
    with psycopg.connect(addresses["COFFRE_INDEX_URL"].replace("+psycopg", "")) as connection:
        (folder,) = connection.execute("SELECT current_setting('data_directory')").fetchone() or ("",)
    log = (Path(folder) / "server.log").read_text()
    for process in PROCESSES:
        for address in variables(out / f"{process}.env").values():
            password = address.split(":")[2].partition("@")[0]
            assert len(password) >= 40
            assert password not in said
            assert password not in log


def test_a_migration_says_that_roles_are_due(addresses: dict[str, str], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["migrate", "--data", str(tmp_path / "data")])
    assert done.exit_code == 0
    assert "Run coffre roles" in done.stdout


def test_sqlite_has_no_roles(tmp_path: Path) -> None:
    initialise(load(data=tmp_path / "data"))
    done = CliRunner().invoke(app, ["roles", "--data", str(tmp_path / "data")])
    assert done.exit_code == 2
    assert "SQLite" in done.stderr
    assert "SQLite" not in CliRunner().invoke(app, ["migrate", "--data", str(tmp_path / "data")]).stdout


def test_a_process_that_there_is_not_is_a_misuse(roles: Run, out: Path) -> None:
    assert "bad_request" in roles("--out", str(out), "--rotate", "nobody", code=2).stderr
    assert "bad_request" in roles("--rotate", "reader", code=2).stderr
