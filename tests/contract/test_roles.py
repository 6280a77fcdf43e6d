# ruff: noqa: S608  # statements over the tables' own names
"""Database roles on Postgres: each process can do its work with its own, and is refused everybody else's."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from keyvault.credentials.authority import Authority
from keyvault.crypto.boxes import new_box_key
from keyvault.process.guard import Guard
from keyvault.roots.file import FileRoot
from keyvault.verbs.reader.grants.reading import Disclosed
from records.errors import CoffreError
from records.vocabulary.codes import Action, Environment
from storage.engines.opening import Database, engine_for
from storage.engines.postgres import roles
from storage.index import roles as index_roles
from storage.index.roles import GATEWAY, GRANTS, HOUSEKEEPER, INTAKE, READER, SIGN_IN, WORKER
from storage.index.store import SqlIndex
from storage.migrations.schema_version import check
from storage.rows.publications import Publication, Removal
from storage.rows.sign_ins import SignedIn
from storage.rows.submissions import CpuUse, PartVerdict, Submission
from storage.vault_store import roles as vault_roles
from storage.vault_store.roles import FOR_GOOD, VAULT
from storage.vault_store.store import SqlVaultStore
from tests.contract.storage_examples import (
    RECORD,
    a_blob,
    a_document,
    a_submission,
    claim_next,
    publication_of,
)
from tests.integration.vault.bench import DOCTOR, VaultBench
from tests.services.fixtures_postgres import Databases, NewDatabase

PASSWORDS = {role: f"{role} password's" for role in (*GRANTS, VAULT)}
OF_INDEX = {role: PASSWORDS[role] for role in GRANTS}

As = Callable[[str], Database]


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    made: list[Database] = []

    def open_(address: str) -> Database:
        made.append(engine_for(address))
        return made[-1]

    yield open_
    for database in made:
        database.close()


@pytest.fixture
def index_as(postgres: Databases, postgres_database: NewDatabase, opened: As) -> As:
    """The index, seen by a role; `""` is the owner."""
    address = postgres_database("index")
    roles.apply(opened(address), index_roles.RIGHTS, OF_INDEX)
    name = address.rpartition("/")[2]
    return lambda role: opened(postgres.service.url(name, role, PASSWORDS[role]) if role else address)


def refused(database: Database, statement: str) -> bool:
    """Whether the statement is refused for want of a right (a rule on rows included)."""
    try:
        with database.writing() as connection:
            connection.execute(text(statement))
    except CoffreError as error:
        return error.code == "store_refused"
    return False


class TestWork:
    """A submission's way, each step by the role of the process that takes it."""

    def test_every_role_finds_the_tables_as_they_should_be(self, index_as: As) -> None:
        for role in GRANTS:
            check(index_as(role), "index")

    def test_from_reception_to_forgetting(self, index_as: As) -> None:
        intake, worker, reader, gateway, housekeeper = (
            SqlIndex(index_as(role)) for role in (INTAKE, WORKER, READER, GATEWAY, HOUSEKEEPER)
        )
        housekeeper.put_reception_key("2026-01-01", "first")
        housekeeper.put_reception_key("2026-01-01", "{}")
        assert intake.reception_key("2026-01-01") == "{}"
        housekeeper.put_issuers("first")
        housekeeper.put_issuers("{}")
        sign_in = SqlIndex(index_as(SIGN_IN))
        assert {each.issuers() for each in (intake, reader, gateway, sign_in)} == {"{}"}
        blob, own = a_blob(), a_blob(role="repacked")
        intake.begin_upload(blob.blob_id, 1, at=1)
        submission = a_submission()
        intake.receive(submission, [blob])
        intake.begin_upload(uuid4(), 1, at=1)

        found = claim_next(worker, "worker", now=10, until=1000)
        assert found and found.submission_id == submission.submission_id
        assert worker.renew(found.submission_id, "worker", until=2000)
        assert worker.postpone(found.submission_id, "worker", not_before=20)
        assert worker.claim(found.submission_id, "worker", now=20, until=2000)
        assert not worker.claim_parts(found.submission_id, {1: b"a", 2: b"b"}).busy
        worker.begin_upload(own.blob_id, 1, at=1)
        worker.add_blobs(found.submission_id, "worker", [own], b"plan")
        document = a_document()
        rows = publication_of(
            found.submission_id,
            document,
            sop_tokens=tuple(bytes([number]) * 32 for number in range(60)),
            adopted=frozenset({(own.blob_id, 1)}),
            answer=b"sealed",
            cpu_use=CpuUse(depositor_token=b"d", structure_token=b"s", cpu_ms=7),
        )
        assert worker.publish(found.submission_id, "worker", rows)
        received = intake.submission(found.submission_id)
        assert received and (received.state, received.answer) == ("published", b"sealed")
        assert len(intake.parts(found.submission_id)) == 60

        for either in (reader, gateway):
            [(seen, details)] = either.documents(RECORD, limit=100)
            assert (seen, len(details)) == (document, 1)
        assert reader.document(document.document_id) == (seen, details)
        assert reader.depositors(document.document_id) == {submission.depositor_token}
        for expires in (5, 6):
            gateway.put_sign_in(SignedIn(digest=b"d", sealed=b"s", expires=expires))
        assert gateway.sign_in(b"d", now=1, idle_since=0)
        assert reader.sign_in(b"d", now=1, idle_since=0), "a viewer on a page asks it in a session"
        assert sign_in.sign_in(b"d", now=1, idle_since=0), "so does a professional who opens an account"
        gateway.use_sign_in(b"d", at=1)

        assert housekeeper.unsettled(10**15) == [found.submission_id]
        assert [each.blob_id for each in housekeeper.settle(found.submission_id, at=400)] == [blob.blob_id]
        housekeeper.forget_blobs(housekeeper.abandoned_blobs())
        assert [each.blob_id for each in worker.blobs(found.submission_id)] == [own.blob_id]
        assert housekeeper.oldest_unsettled() is None
        assert housekeeper.forget_answers(10**15) == 1
        assert housekeeper.forget_sign_ins(10) == 1
        assert housekeeper.forget_cpu(10**15) == 2
        [stale] = housekeeper.stale_uploads(10)
        housekeeper.end_upload(*stale)
        assert housekeeper.set_state(document.document_id, "deleted", at=500)
        assert worker.settle(found.submission_id, at=1) == []

    @pytest.mark.parametrize("role", [INTAKE, READER, GATEWAY])
    def test_what_answers_http_counts_what_its_metrics_show(self, index_as: As, role: str) -> None:
        SqlIndex(index_as("")).receive(a_submission(), [])
        index = SqlIndex(index_as(role))
        assert (index.counts()["received"], index.waiting(now=10**15)) == (1, 1)
        assert index.cpu_of_day(1, allowance_ms=1).structures == 0

    def test_a_job_is_queued_by_the_housekeeper_and_carried_out_by_a_worker(self, index_as: As) -> None:
        owner, worker = SqlIndex(index_as("")), SqlIndex(index_as(WORKER))
        housekeeper = SqlIndex(index_as(HOUSEKEEPER))
        first, part = uuid4(), PartVerdict(number=1, outcome="quarantined", code="no_ins", reason="")
        owner.receive(a_submission(submission_id=first), [])
        assert worker.claim(first, "worker", now=10**14, until=10**15)
        aside = a_document()
        rows = publication_of(first, aside, sop_tokens=(b"1" * 32,))
        worker.publish(first, "worker", replace(rows, state="quarantined", parts=(part,)))
        [found] = housekeeper.quarantined(limit=10)
        assert (found.document_id, found.submission_id, found.code) == (aside.document_id, first, "no_ins")
        assert housekeeper.quarantined_document(aside.document_id) == found
        assert housekeeper.grown_studies(least=2, quiet_since=10**15) == []
        job = uuid4()
        assert housekeeper.queue_job(job, "release", at=1)
        assert not housekeeper.queue_job(job, "release", at=1)
        assert worker.claim(job, "worker", now=10**14, until=10**15)
        verdict = replace(part, outcome="published", code="published")
        removal = Removal(
            document_id=aside.document_id,
            submissions=frozenset({first}),
            whole=True,
            verdict=(first, verdict),
        )
        worker.publish(
            job, "worker", Publication(state="published", finished_at=1, parts=(), removal=removal)
        )
        assert owner.documents(RECORD, limit=100) == []
        assert [each.outcome for each in owner.parts(first)] == ["published"]
        moved = owner.submission(first)
        assert moved and moved.state == "published"
        assert housekeeper.retired_blobs() == []

    def test_the_housekeeper_queues_no_deposit(self, index_as: As) -> None:
        with pytest.raises(CoffreError) as error:
            SqlIndex(index_as(HOUSEKEEPER)).queue_job(uuid4(), "deposit", at=1)
        assert error.value.code == "store_refused"

    def test_a_worker_may_settle_and_forget_too(self, index_as: As) -> None:
        owner, worker = SqlIndex(index_as("")), SqlIndex(index_as(WORKER))
        blob, submission = a_blob(), a_submission()
        owner.begin_upload(blob.blob_id, 1, at=1)
        owner.receive(submission, [blob])
        assert worker.claim(submission.submission_id, "worker", now=1, until=10)
        worker.publish(submission.submission_id, "worker", publication_of(submission.submission_id))
        worker.forget_blobs(worker.settle(submission.submission_id, at=5))
        assert worker.blobs(submission.submission_id) == []


CHANGES = [
    *((role, f"UPDATE details SET sealed = 'x'") for role in GRANTS),  # noqa: F541
    *((role, "DELETE FROM details") for role in GRANTS if role != WORKER),
    *((role, "DELETE FROM submission") for role in GRANTS),
    *((role, "DELETE FROM document") for role in GRANTS if role != WORKER),
    *((role, "DELETE FROM submission") for role in GRANTS),
    *((role, "DELETE FROM part") for role in GRANTS),
    *((role, "UPDATE part SET outcome = 'published'") for role in GRANTS if role != WORKER),
    *((role, "TRUNCATE submission") for role in GRANTS),
    *((role, "CREATE TABLE mine (a INT)") for role in GRANTS),
    *((role, "ALTER TABLE submission DISABLE ROW LEVEL SECURITY") for role in GRANTS),
    *((role, "UPDATE submission SET state = 'published'") for role in GRANTS if role != WORKER),
    *((role, "UPDATE submission SET depositor_token = 'x'") for role in GRANTS),
    *((role, "UPDATE document SET record_id = document_id") for role in GRANTS),
    *((role, "UPDATE document SET state = 'approved'") for role in GRANTS if role == INTAKE),
    *((role, "INSERT INTO reception_key VALUES ('d', '{}')") for role in GRANTS if role != HOUSEKEEPER),
    *((role, "INSERT INTO issuer_list VALUES ('a', '{}')") for role in GRANTS if role != HOUSEKEEPER),
    (WORKER, "SELECT sealed FROM sign_in"),
    *(
        (role, each)
        for role in (INTAKE, READER)
        for each in ("UPDATE sign_in SET sealed = 'x'", "DELETE FROM sign_in")
    ),
    *((INTAKE, f"SELECT 1 FROM {table}") for table in ("document", "details", "instance", "token")),
    *((role, "INSERT INTO document SELECT * FROM document") for role in (READER, GATEWAY)),
    *((role, "INSERT INTO instance SELECT * FROM instance") for role in (READER, GATEWAY)),
    *((role, "SELECT sealed_envelope FROM submission") for role in (READER, GATEWAY)),
    (GATEWAY, "SELECT depositor_token FROM submission"),
    *((role, "SELECT sealed_key FROM blob") for role in (READER, GATEWAY)),
    (HOUSEKEEPER, "SELECT sealed FROM details"),
    (HOUSEKEEPER, "INSERT INTO submission SELECT * FROM submission"),
]


class TestRefusals:
    @pytest.fixture
    def filled(self, index_as: As) -> As:
        index = SqlIndex(index_as(""))
        blob, submission = a_blob(), a_submission()
        index.begin_upload(blob.blob_id, 1, at=1)
        index.receive(submission, [blob])
        index.claim(submission.submission_id, "worker", now=1, until=10)
        index.publish(submission.submission_id, "worker", publication_of(submission.submission_id))
        return index_as

    def test_what_is_not_a_processes_work(self, filled: As) -> None:
        databases = {role: filled(role) for role in GRANTS}
        assert [(role, each) for role, each in CHANGES if not refused(databases[role], each)] == []

    @pytest.mark.parametrize(
        "changes",
        [{"state": "published"}, {"worker": "me"}, {"finished_at": 1}, {"attempts": 1}, {"settled_at": 1}],
    )
    def test_intake_can_only_receive(self, index_as: As, changes: dict[str, Any]) -> None:
        submission: Submission = a_submission(**changes)
        with pytest.raises(CoffreError) as error:
            SqlIndex(index_as(INTAKE)).receive(submission, [])
        assert error.value.code == "store_refused"

    def test_intake_adds_no_workers_objects_nor_a_worker_received_ones(self, index_as: As) -> None:
        for role, of in ((INTAKE, "series"), (WORKER, "received")):
            with pytest.raises(CoffreError) as error:
                add_blob(SqlIndex(index_as(role)), SqlIndex(index_as("")), of)
            assert error.value.code == "store_refused"

    def test_an_object_in_use_cannot_be_forgotten(self, filled: As) -> None:
        for role in (WORKER, HOUSEKEEPER):
            with filled(role).writing() as connection:
                assert connection.execute(text("DELETE FROM blob")).rowcount == 0

    def test_the_housekeeper_touches_no_unfinished_submission(self, index_as: As) -> None:
        SqlIndex(index_as("")).receive(a_submission(), [])
        assert refused(index_as(HOUSEKEEPER), "UPDATE submission SET sealed_envelope = NULL")


def add_blob(index: SqlIndex, owner: SqlIndex, role: str) -> None:
    blob, submission = a_blob(role=role), a_submission()
    owner.begin_upload(blob.blob_id, 1, at=1)
    if role == "series":
        index.receive(submission, [blob])
        return
    owner.receive(submission, [])
    index.claim(submission.submission_id, "worker", now=1, until=10)
    index.add_blobs(submission.submission_id, "worker", [blob], b"plan")


class TestApplying:
    def test_again_it_changes_nothing_and_rights_given_by_hand_are_taken_away(self, index_as: As) -> None:
        owner = index_as("")
        with owner.writing() as connection:
            connection.execute(text(f"GRANT ALL ON details TO {READER}"))
        roles.apply(owner, index_roles.RIGHTS, {})
        assert refused(index_as(READER), "DELETE FROM details")
        assert SqlIndex(index_as(READER)).documents(RECORD, limit=100) == []

    def test_no_role_reaches_another_database(self, postgres: Databases, index_as: As, opened: As) -> None:
        name = str(index_as("").engine.url.database)
        with pytest.raises(CoffreError):
            roles.apply(index_as(""), vault_roles.RIGHTS, {VAULT: PASSWORDS[VAULT], INTAKE: "x"})
        other = postgres.new("vault")
        roles.apply(opened(postgres.service.url(other)), vault_roles.RIGHTS, {VAULT: PASSWORDS[VAULT]})
        for database, role in ((other, READER), (name, VAULT)):
            stranger = opened(postgres.service.url(database, role, PASSWORDS[role]))
            with pytest.raises(CoffreError) as error, stranger.reading():
                pass
            assert error.value.code == "store_refused"
        postgres.drop(other)

    def test_the_servers_log_never_sees_a_password(self, index_as: As) -> None:
        with index_as("").writing() as connection:
            path = connection.execute(text("SELECT current_setting('data_directory')")).scalar_one()
            kept = connection.execute(
                text("SELECT rolpassword FROM pg_authid WHERE rolname = :r"), {"r": READER}
            ).scalar_one()
        assert kept.startswith("SCRAM-SHA-256$")
        assert PASSWORDS[READER] not in (Path(path) / "server.log").read_text()

    def test_sqlite_has_none(self, tmp_path: Path, opened: As) -> None:
        with pytest.raises(CoffreError, match="Postgres") as error:
            roles.apply(opened(f"sqlite:///{tmp_path}/some.db"), index_roles.RIGHTS, {})
        assert error.value.code == "bad_setting"


class TestVault:
    @pytest.fixture
    def addresses(self, postgres: Databases, postgres_database: NewDatabase, opened: As) -> dict[str, str]:
        """Addresses of the vault's own role, and (`owner`) of who made its store."""
        owner = postgres_database("vault")
        day_keys = postgres_database("day_keys")
        roles.apply(opened(owner), vault_roles.RIGHTS, {VAULT: PASSWORDS[VAULT]})
        roles.apply(opened(day_keys), vault_roles.DAY_KEY_RIGHTS, {VAULT: PASSWORDS[VAULT]})

        def own(address: str) -> str:
            return postgres.service.url(address.rpartition("/")[2], VAULT, PASSWORDS[VAULT])

        return {
            "owner": owner,
            "vault": own(owner),
            "day_keys": own(day_keys),
            "index": postgres_database("index"),
        }

    @pytest.fixture
    def vault(self, addresses: dict[str, str], tmp_path: Path, opened: As) -> Iterator[VaultBench]:
        root = FileRoot.create(tmp_path / "root.json", None)
        Guard.initialise(SqlVaultStore(opened(addresses["owner"])), root, shards=4)

        class Bench(VaultBench):
            def _open(self, name: str) -> Database:
                self._databases.append(engine_for(addresses[name]))
                return self._databases[-1]

        bench = Bench(tmp_path, Authority(b"a" * 32, environment=Environment.TEST), new_box_key()[1])
        yield bench
        bench.close()

    def test_it_can_do_its_work(self, vault: VaultBench) -> None:
        vault.publish_day_keys()
        person = vault.person()
        vault.authorise(person)
        vault.deposit(person)
        assert isinstance(vault.reader.documents(vault.doctor(), person.record_id, []), Disclosed)
        vault.change(person, Action.REVOKE, DOCTOR)
        vault.allow(person, bris_de_glace=False)
        vault.guard.housekeeper.sequence()
        vault.guard.housekeeper.checkpoint()
        vault.guard.housekeeper.expire()
        vault.guard.inspector.verify_log()
        vault.clock.advance(90 * 86_400)
        assert len(vault.guard.housekeeper.destroy_day_keys(None)) == 2

    @pytest.mark.parametrize("table", FOR_GOOD)
    def test_what_is_logged_is_changed_by_nobody_not_even_by_the_owner(
        self, vault: VaultBench, addresses: dict[str, str], opened: As, table: str
    ) -> None:
        vault.authorise(vault.person())
        vault.guard.housekeeper.sequence()
        vault.guard.housekeeper.checkpoint()
        columns = {"checkpoint": "note", "replay": "kind"}
        for who in ("vault", "owner"):
            database = opened(addresses[who])
            with database.reading() as connection:
                assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() > 0
            column = columns.get(table, "leaf_hash")
            assert refused(database, f"UPDATE {table} SET {column} = {column}")
            assert refused(database, f"DELETE FROM {table}")
            assert refused(database, f"TRUNCATE {table}")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE meta SET value = 'x'",
            "INSERT INTO meta VALUES ('authority_public', 'mine')",
            "DELETE FROM tile",
            "ALTER TABLE event DISABLE TRIGGER ALL",
            "CREATE OR REPLACE FUNCTION coffre_for_good() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
            "SELECT pg_read_file('/etc/passwd')",
        ],
    )
    def test_it_changes_neither_whom_it_accepts_nor_its_fences(
        self, addresses: dict[str, str], opened: As, statement: str
    ) -> None:
        assert refused(opened(addresses["vault"]), statement)

    def test_a_destroyed_day_key_is_not_put_back_nor_a_live_one_exchanged(
        self, vault: VaultBench, addresses: dict[str, str], opened: As
    ) -> None:
        vault.publish_day_keys()
        database = opened(addresses["day_keys"])
        assert refused(database, "UPDATE day_key SET wrap = 'mine'")
        assert refused(database, "UPDATE day_key SET document = '{}'")
        assert refused(database, "DELETE FROM day_key")
        vault.clock.advance(90 * 86_400)
        vault.guard.housekeeper.destroy_day_keys(None)
        with database.writing() as connection:
            back = connection.execute(text("UPDATE day_key SET wrap = 'old', destroyed_at = NULL"))
            assert back.rowcount == 0


def test_a_trigger_says_what_it_keeps(postgres_database: NewDatabase, opened: As) -> None:
    database = opened(postgres_database("vault"))
    roles.apply(database, vault_roles.RIGHTS, {})
    with pytest.raises((CoffreError, DBAPIError)), database.writing() as connection:
        connection.execute(text("TRUNCATE entry"))
