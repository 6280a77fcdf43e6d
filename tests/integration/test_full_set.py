"""Every process of the full set with nothing but its own: Unix user, files, database role, keys of the object
store, doors of the vault. The demo's story is played first; then each tries what is not its own.
"""

import io
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from rich.console import Console

from coffre.commands.demo import Stage, play_story
from coffre.deploying.processes import PROCESSES as PARTS
from coffre.deploying.processes import SETTINGS, settings_of
from records.errors import CoffreError
from storage.engines.opening import engine_for
from tests.contract.test_roles import refused
from tests.log_search import keep_logs
from tests.services import full
from tests.services.apart import OWNERS_ALONE, part_of
from tests.services.full import BUCKET, Full

pytestmark = pytest.mark.long
VIEWER = "https://viewer.example"


@pytest.fixture(scope="module")
def played(every_log_is_clean: Path) -> Iterator[Full]:
    """The full set after the story, which checks each of its own outcomes."""
    more = {"COFFRE_ALLOWED_ORIGINS": VIEWER}
    with (
        tempfile.TemporaryDirectory(prefix="coffre-full-") as folder,
        full.running(Path(folder), more=more) as running,
    ):
        assert running.apart.alone is None, running.apart.alone
        stage = Stage(Console(file=io.StringIO()))
        play_story(
            stage,
            running.data,
            running.url,
            running.telephone,
            running.machines,
            running.authority,
            searched=Path(folder),
        )
        yield running
        keep_logs(Path(folder), every_log_is_clean)


def test_every_process_lived_through_the_story_without_a_complaint(played: Full) -> None:
    assert [name for name, server in played.processes.items() if not server.runs] == []
    for name in full.ARGUMENTS:
        log = (played.folder / f"{name}.log").read_text()
        assert "store_refused" not in log
        assert "chore failed" not in log
        assert "error" not in log.replace("_warn_or_raise_security_error", "")


# Unix users


def test_each_kind_of_process_is_a_user_of_its_own_without_privileges(played: Full) -> None:
    users = {}
    for name in full.ARGUMENTS:
        status = _status(played.processes[name].pid)
        users[part_of(name)] = status["Uid"].split()[0]
        assert set(status["Uid"].split()) == {users[part_of(name)]}
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"
    assert len(set(users.values())) == len(PARTS)
    assert "0" not in users.values()


OWN_FILES = {
    "intake": {"pages/proof.key"},
    "gateway": {"pages/proof.key"},
    "reader": {"reader/url.key", "reader/proof.key"},
    "signin": {"sign-in/accounts.key", "sign-in/issuer.key"},
}


@pytest.mark.parametrize("part", PARTS)
def test_of_the_data_directory_it_opens_the_public_facts_and_its_own(played: Full, part: str) -> None:
    own = OWN_FILES.get(part, set())
    files = {str(path.relative_to(played.data)) for path in played.data.rglob("*") if path.is_file()}
    opened = {file for file in files if _may_read(played, part, played.data / file)}
    assert opened == {"coffre", "pages.thumbprint", *own}
    assert not _may_read(played, part, played.data.with_name("data-officer.key"))
    assert not any(_may_read(played, part, file) for file in (played.folder / "roles").iterdir())


@pytest.mark.parametrize("part", PARTS)
def test_nobody_reads_what_another_process_was_told(played: Full, part: str) -> None:
    for name in full.ARGUMENTS:
        environ = Path("/proc") / str(played.processes[name].pid) / "environ"
        # not even who runs as the same user: memory and environment of what holds keys are the system's alone
        assert not _may_read(played, part, environ)


@pytest.mark.parametrize("name", full.ARGUMENTS)
def test_it_is_told_nothing_that_is_not_its_own(played: Full, name: str) -> None:
    told = _told(played, name)
    known = {each for each in told if each in SETTINGS or each in OWNERS_ALONE}
    assert known
    assert known <= settings_of(part_of(name))


# The vault's doors


def test_through_each_door_come_those_and_no_others(played: Full) -> None:
    assert stat.S_IMODE((played.folder / "doors").stat().st_mode) == 0o2750
    came = {part: {door for door in full_doors(played) if _comes(played, part, door)} for part in PARTS}
    assert came == {part: set(PARTS[part].doors) for part in PARTS}


def full_doors(played: Full) -> list[str]:
    return sorted(path.stem for path in (played.folder / "doors").iterdir())


# Database roles

INDEX_WRITES = {
    "INSERT INTO document SELECT * FROM document": {"worker"},
    "UPDATE document SET state = state": {"worker", "housekeeper", "reader", "gateway"},
    "DELETE FROM details WHERE false": {"worker"},
    "UPDATE submission SET state = state": {"worker"},
    "UPDATE submission SET depositor_token = depositor_token": set(),
    "INSERT INTO reception_key SELECT * FROM reception_key WHERE false": {"housekeeper"},
    "SELECT sealed FROM details": {"worker", "reader", "gateway"},
    "SELECT sealed FROM sign_in": {"intake", "reader", "gateway", "signin", "housekeeper"},
    "SELECT sealed_envelope FROM submission": {"intake", "worker", "housekeeper"},
    "DROP TABLE submission": set(),
}


@pytest.mark.parametrize("statement", INDEX_WRITES)
def test_the_index_lets_them_do_their_own_work(played: Full, statement: str) -> None:
    allowed = set()
    for part in set(PARTS) - {"vault"}:
        database = engine_for(_told(played, _one(part))["COFFRE_INDEX_URL"])
        try:
            if not refused(database, statement):
                allowed.add(part)
        except Exception:
            allowed.add(part)  # carried out, and stopped by something else than a right: a key that exists
        finally:
            database.close()
    assert allowed == INDEX_WRITES[statement]


@pytest.mark.parametrize("part", PARTS)
def test_a_role_reaches_no_database_but_its_own(played: Full, part: str) -> None:
    mine = {urlsplit(value).path for key, value in _told(played, _one(part)).items() if key.endswith("_URL")}
    address = next(value for value in _told(played, _one(part)).values() if value.startswith("postgresql"))
    for name in full.DATABASES:
        database = engine_for(urlsplit(address)._replace(path=f"/{name}").geturl())
        try:
            with database.reading():
                reached = True
        except CoffreError as error:
            assert error.code == "store_refused"
            reached = False
        database.close()
        assert reached == (f"/{name}" in mine)


def test_accounts_are_reached_by_the_sign_in_alone(played: Full) -> None:
    """The service that says who somebody is: its own process, user, database and role."""
    told = {part: _told(played, _one(part)).get("COFFRE_ACCOUNTS_URL") for part in PARTS}
    assert [part for part, address in told.items() if address] == ["signin"]
    assert urlsplit(told["signin"] or "").username == "coffre_signin"
    for part in set(PARTS) - {"signin"}:
        address = next(v for v in _told(played, _one(part)).values() if v.startswith("postgresql"))
        database = engine_for(urlsplit(address)._replace(path="/coffre_accounts").geturl())
        with pytest.raises(CoffreError) as refusal, database.reading():
            pass
        assert refusal.value.code == "store_refused"
        database.close()


def test_the_vault_itself_changes_no_line_of_its_log(played: Full) -> None:
    database = engine_for(_told(played, "vault")["COFFRE_VAULT_STORE_URL"])
    for statement in (
        "UPDATE entry SET leaf_hash = leaf_hash",
        "DELETE FROM event",
        "TRUNCATE accountability",
        "UPDATE meta SET value = value",
    ):
        assert refused(database, statement)
    database.close()


# One origin for browsers and programs

ADDRESSES = {
    "/records/1/dicomweb/studies": "GET, HEAD, OPTIONS, POST",  # reader and intake
    "/dicomweb/studies": "GET, HEAD, OPTIONS, POST",
    "/dicomweb/studies/1.2": "OPTIONS, POST",
    "/fhir/DocumentReference": "GET, HEAD, OPTIONS, PATCH, POST",
    "/submissions/00000000-0000-0000-0000-000000000000": "GET, HEAD, OPTIONS",
    "/grants": "OPTIONS, POST",
    "/audit/checkpoint": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_whichever_process_answers_names_the_methods_of_all(played: Full, path: str) -> None:
    assert httpx.options(played.url + path).headers["allow"] == ADDRESSES[path]
    wrong = httpx.put(played.url + path)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, ADDRESSES[path])


@pytest.mark.parametrize("path", ADDRESSES)
def test_an_admitted_page_may_call_every_process_and_another_none(played: Full, path: str) -> None:
    wish = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,dpop,range",
    }
    for origin, admitted in ((VIEWER, True), ("https://evil.example", False)):
        preflight = httpx.options(played.url + path, headers={"Origin": origin, **wish})
        refused = httpx.get(played.url + path, headers={"Origin": origin})
        for answer in (preflight, refused):
            assert ("access-control-allow-origin" in answer.headers) is admitted
            assert "origin" in answer.headers["vary"].lower()


def test_pages_stay_closed(played: Full) -> None:
    page = httpx.get(played.url, headers={"Origin": VIEWER, "Accept": "text/html"})
    assert page.status_code == 200
    assert "access-control-allow-origin" not in page.headers


# The object store

READ, WRITE = {"worker", "reader", "gateway", "intake", "housekeeper"}, {"intake", "worker", "housekeeper"}
S3_CALLS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "read": ("head_object", {"Bucket": BUCKET, "Key": "none"}, READ),
    "write": ("put_object", {"Bucket": BUCKET, "Key": "tried", "Body": b""}, WRITE),
    "list": ("list_objects_v2", {"Bucket": BUCKET}, {"housekeeper"}),
    "write-elsewhere": ("put_object", {"Bucket": "another", "Key": "tried", "Body": b""}, set()),
}


@pytest.mark.parametrize("tried", S3_CALLS)
def test_the_object_store_lets_them_do_their_own_work(played: Full, tried: str) -> None:
    call, arguments, expected = S3_CALLS[tried]
    told = {part: _told(played, _one(part)) for part in PARTS}
    keyed = {part: env for part, env in told.items() if "COFFRE_S3_ACCESS_KEY_ID" in env}
    assert keyed.keys() == READ
    assert {part for part, env in keyed.items() if _s3(env, call, arguments)} == expected


def test_the_buckets_pages_are_our_own_and_those_of_the_admitted_origin(played: Full) -> None:
    client = _client(os.environ)
    (rule,) = client.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    assert rule["AllowedOrigins"] == [played.url, VIEWER]
    assert set(rule["AllowedMethods"]) == {"GET", "HEAD"}


def _one(part: str) -> str:
    """A process of this part."""
    return next(name for name in full.ARGUMENTS if part_of(name) == part)


def _told(played: Full, name: str) -> dict[str, str]:
    """The environment that it was started with: Celery writes its title over what the kernel keeps."""
    return dict(played.processes[name].environment or {})


def _status(pid: int) -> dict[str, str]:
    lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _as(played: Full, part: str, *command: object) -> bool:
    """Whether this command succeeds for the user of `part`."""
    users = played.apart.users
    assert users is not None
    number = users.numbers[part]
    groups = [users.numbers["callers"]] if PARTS[part].doors else []
    done = subprocess.run(
        [str(word) for word in command],
        user=number,
        group=number,
        extra_groups=groups,
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def _may_read(played: Full, part: str, path: Path) -> bool:
    return _as(played, part, "cat", path)


def _comes(played: Full, part: str, door: str) -> bool:
    """Whether the vault carries out, or refuses as unknown, what this user asks at a door."""
    users = played.apart.users
    assert users is not None
    answer = (
        "import http.client, socket, sys\n"
        "c = http.client.HTTPConnection('vault'); c.sock = socket.socket(socket.AF_UNIX)\n"
        "c.sock.connect(sys.argv[1]); c.request('POST', '/' + sys.argv[2], b'{}')\n"
        "sys.exit(b'door_refused' in c.getresponse().read())"
    )
    return _as(played, part, users.python, "-c", answer, played.folder / "doors" / f"{door}.sock", door)


def _client(env: Any) -> Any:
    (endpoint,) = parse_qs(urlsplit(env["COFFRE_OBJECTS_URL"]).query)["endpoint"]
    own = "COFFRE_S3_ACCESS_KEY_ID" in env
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=env["COFFRE_S3_ACCESS_KEY_ID" if own else "AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["COFFRE_S3_SECRET_ACCESS_KEY" if own else "AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def _s3(env: dict[str, str], call: str, arguments: dict[str, Any]) -> bool:
    """Whether the store does it, or says that there is no such object; not: forbidden."""
    try:
        getattr(_client(env), call)(**arguments)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert status in (403, 404)
        return bool(status == 404)
    return True
