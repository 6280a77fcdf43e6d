"""Several vault processes on one store: whatever they do at once, quotas count, one key is drawn a day, one
lease is given, chains have no gap and the log is one tree. Each vault here has connections of its own, as a
process has; on SQLite they share a file, on Postgres rows.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest

from keyvault.credentials.authority import Authority
from keyvault.crypto.boxes import new_box_key
from keyvault.process.guard import Guard
from keyvault.quotas import Quota, Quotas
from keyvault.roots.file import FileRoot
from keyvault.verbs.call import Denied
from keyvault.verbs.operator.records import OpenedAnew
from keyvault.verbs.reader.grants.reading import Disclosed
from keyvault.verbs.reader.grants.releasing import Released
from keyvault.verbs.worker.deposits.ingest_request import IngestRequest
from records.errors import Conflict
from records.vocabulary.codes import Action, Environment, ReasonCode, Role
from storage.engines.opening import Database, engine_for
from storage.migrations.schema_version import Branch
from storage.vault_store.store import SqlVaultStore
from tests.integration.vault.bench import DOCTOR, HOSPITAL, LABORATORY, TRAITS, Person, VaultBench, new_ins
from tests.services.fixtures_postgres import NewDatabase

VAULTS, THREADS = 3, 6
MANY = Quotas(
    credential={role: Quota(10_000, 100_000) for role in Role}, structure={}, deposited_mib=Quota(100, 100)
)
T = TypeVar("T")


class Place:
    """The three databases and the root of one installation."""

    def __init__(self, folder: Path, new_database: NewDatabase) -> None:
        self.folder = folder
        branches: tuple[Branch, ...] = ("vault", "day_keys", "index")
        self.addresses = {branch: new_database(branch) for branch in branches}
        root = FileRoot.create(folder / "root.json", None)
        database = engine_for(self.addresses["vault"])
        Guard.initialise(SqlVaultStore(database), root, shards=4)
        database.close()
        self.authority = Authority(b"a" * 32, environment=Environment.TEST)
        self.officer = new_box_key()[1]

    def vault(self, quotas: Quotas = MANY) -> VaultBench:
        addresses = self.addresses

        class Bench(VaultBench):
            def _open(self, name: str) -> Database:
                self._databases.append(engine_for(addresses[name]))
                return self._databases[-1]

        return Bench(self.folder, self.authority, self.officer, quotas=quotas)


@pytest.fixture
def place(tmp_path: Path, new_database: NewDatabase) -> Place:
    return Place(tmp_path, new_database)


@pytest.fixture
def vaults(place: Place) -> Iterator[list[VaultBench]]:
    made = [place.vault() for _ in range(VAULTS)]
    yield made
    for vault in made:
        vault.close()


def at_once(calls: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Starts all of them at one moment; what they raised is an answer too."""
    barrier = threading.Barrier(len(calls))

    def start(call: Callable[[], T]) -> T | Exception:
        barrier.wait()
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))


def chain(vault: VaultBench, chain_id: UUID) -> list[int]:
    with vault.store.reading() as tx:
        return [row["seq"] for row in tx.find("event", chain_id=chain_id, order="seq")]


def test_vaults_that_start_at_once_make_one_decoy(place: Place) -> None:
    made = at_once([place.vault] * THREADS)
    vaults = [vault for vault in made if isinstance(vault, VaultBench)]
    assert len(vaults) == THREADS, [each for each in made if isinstance(each, Exception)]
    with vaults[0].store.reading() as tx:
        assert len(tx.find("record")) == 1
    for vault in vaults:
        vault.close()


def test_one_reception_key_is_drawn_a_day(vaults: list[VaultBench]) -> None:
    published = at_once([vault.guard.housekeeper.day_keys for vault in vaults * 2])
    assert all(each == published[0] for each in published)
    with vaults[0].days.reading() as tx:
        assert len(tx.find("day_key")) == 2


def test_a_person_gets_one_record(vaults: list[VaultBench]) -> None:
    ins = new_ins()

    def opening(vault: VaultBench) -> Callable[[], object]:
        return lambda: vault.guard.operator.open_record(
            vault.operator(), ins, TRAITS, consent_by="operator", consent_how="spoken"
        )

    answers = at_once([opening(vault) for vault in vaults * 2])
    assert sum(isinstance(each, OpenedAnew) for each in answers) == 1
    assert {each.code for each in answers if isinstance(each, Conflict)} == {"record_exists"}


def test_quotas_count_what_every_vault_answers(place: Place) -> None:
    vaults = [
        place.vault(Quotas({Role.PROFESSIONAL: Quota(30, 100)}, {}, Quota(1, 1))) for _ in range(VAULTS)
    ]
    names = [[new_ins() for _ in range(10)] for _ in range(THREADS)]

    def ask(vault: VaultBench, portion: list[str]) -> list[ReasonCode]:
        answers = [vault.reader.resolve(vault.doctor(), ins) for ins in portion]
        return [each.reason for each in answers if isinstance(each, Denied)]

    with ThreadPoolExecutor(THREADS) as pool:
        reasons = Counter(each for found in pool.map(ask, vaults * 2, names) for each in found)
    assert reasons[ReasonCode.QUOTA_EXCEEDED] == 30
    assert reasons.total() == 60
    for vault in vaults:
        vault.close()


def test_a_structure_is_permitted_exactly_its_number_of_records(place: Place) -> None:
    """Of those beyond none is counted, whichever vault answers."""
    few = Quotas({Role.PROFESSIONAL: Quota(100, 100)}, {Role.PROFESSIONAL: Quota(5, 100)}, Quota(100, 100))
    vaults = [place.vault(few) for _ in range(VAULTS)]
    vaults[0].publish_day_keys()
    people = [vaults[0].person() for _ in range(8)]
    for person in people:
        vaults[0].authorise(person)

    def ask(vault: VaultBench) -> set[str]:
        answers = ((each.ins, vault.reader.resolve(vault.doctor(), each.ins)) for each in people)
        return {ins for ins, answer in answers if not isinstance(answer, Denied)}

    permitted = at_once([lambda vault=vault: ask(vault) for vault in vaults * 2])
    assert [len(each) for each in permitted if isinstance(each, set)] == [5] * THREADS
    assert len(set().union(*(each for each in permitted if isinstance(each, set)))) == 5
    for vault in vaults:
        vault.close()


def test_after_a_mask_no_range_is_read_and_other_changes_stop_none(vaults: list[VaultBench]) -> None:
    vaults[0].publish_day_keys()
    person = vaults[0].person()
    vaults[0].authorise(person)
    deposited = [vaults[0].deposit(person, content) for content in (b"%PDF-1.7 one", b"%PDF-1.7 other")]
    released, _ = vaults[0].release(vaults[0].doctor(), person, deposited)
    assert isinstance(released, Released)
    grant, masked = UUID(released.grant["id"]), threading.Event()
    (mask, *_), (other, *_) = (each.request.documents[0].blobs for each in deposited)

    def read(vault: VaultBench) -> tuple[int, int]:
        late = lost = 0
        while True:
            was_masked = masked.is_set()
            late += vault.reader.recheck(grant, *mask) and was_masked
            lost += not vault.reader.recheck(grant, *other)
            if was_masked:
                return late, lost

    with ThreadPoolExecutor(THREADS) as pool:
        reading = [pool.submit(read, vaults[number % VAULTS]) for number in range(THREADS)]
        try:
            for number in range(10):
                vaults[0].change(person, Action.BLOCK, f"8997000{number:05d}")
            vaults[0].label(person, deposited[0].document_id, "MASQUE_PS")
        finally:
            masked.set()
    assert [each.result() for each in reading] == [(0, 0)] * THREADS


def test_one_worker_gets_the_lease(vaults: list[VaultBench]) -> None:
    vaults[0].publish_day_keys()
    received = vaults[0].receive(ins=vaults[0].person().ins)

    def take(number: int) -> Callable[[], object]:
        return lambda: vaults[number % VAULTS].take(received, f"worker {number}")

    answers = at_once([take(number) for number in range(THREADS)])
    assert [each.code for each in answers if isinstance(each, Conflict)] == ["leased"] * (THREADS - 1)


def test_workers_that_adopt_several_deposits_of_one_record_wait_for_one_another_and_all_end(
    vaults: list[VaultBench],
) -> None:
    """Small deposits share transactions; two workers have some of the same records at the same time."""
    vaults[0].publish_day_keys()
    people = [vaults[0].person() for _ in range(2)]

    def adopting(number: int) -> Callable[[], list[object]]:
        vault, name = vaults[number % VAULTS], f"worker {number}"
        token = vault.depositor((LABORATORY, HOSPITAL)[number % 2])
        received = {
            person.ins: [vault.receive(token=token, ins=person.ins) for _ in range(3)] for person in people
        }
        of_all = [each for some in received.values() for each in some]
        requests = [IngestRequest(each.submission_id, each.envelope, tuple(each.keys)) for each in of_all]

        def adopt() -> list[object]:
            answers: list[object] = list(vault.worker.release_ingest_many(name, new_box_key()[1], requests))
            for ins in sorted(received, reverse=bool(number % 2)):
                asked = [
                    vault.request(each, ins, b"%PDF-1.7 compte rendu", worker=name) for each in received[ins]
                ]
                answers += (each.adopted for each in vault.worker.adopt_many(asked))
            return answers

        return adopt

    answers = at_once([adopting(number) for number in range(THREADS)])
    assert all(isinstance(each, list) and len(each) == 12 and all(each) for each in answers), answers
    with vaults[0].store.reading() as tx:
        assert len(tx.find("document")) == THREADS * 6


def test_an_emergency_is_announced_once(vaults: list[VaultBench]) -> None:
    person = vaults[0].person()
    vaults[0].allow(person)

    def breaking(vault: VaultBench) -> Callable[[], object]:
        return lambda: vault.reader.documents(vault.emergency(), person.record_id, [])

    assert all(isinstance(each, Disclosed) for each in at_once([breaking(vault) for vault in vaults * 2]))
    with vaults[0].store.reading() as tx:
        assert len(tx.find("emergency_window")) == 1
        assert [row["recipient"] for row in tx.find("notice")] == ["patient"]


def test_a_notice_is_handed_out_once(vaults: list[VaultBench]) -> None:
    for number in range(8):
        person = vaults[0].person()
        vaults[0].allow(person)
        vaults[0].reader.documents(vaults[0].emergency(rpps=f"8997000{number:05d}"), person.record_id, [])

    def take(vault: VaultBench) -> Callable[[], list[UUID]]:
        return lambda: [notice.notice_id for notice in vault.guard.housekeeper.take_notices("w")]

    handed = [found for found in at_once([take(vault) for vault in vaults * 2]) if isinstance(found, list)]
    assert len(handed) == THREADS
    ids = [notice for found in handed for notice in found]
    assert len(ids) == len(set(ids)) == 8


def test_after_a_revocation_the_log_shows_no_more_access(vaults: list[VaultBench]) -> None:
    person = vaults[0].person()
    vaults[0].authorise(person)
    revoked = threading.Event()

    def look(vault: VaultBench) -> int:
        late = 0
        while True:
            was_revoked = revoked.is_set()
            answer = vault.reader.documents(vault.doctor(), person.record_id, [])
            late += was_revoked and not isinstance(answer, Denied)
            if was_revoked:
                return late

    with ThreadPoolExecutor(THREADS) as pool:
        looking = [pool.submit(look, vaults[number % VAULTS]) for number in range(THREADS)]
        try:
            vaults[0].change(person, Action.REVOKE, DOCTOR)
        finally:
            revoked.set()
        assert [each.result() for each in looking] == [0] * THREADS
    page = vaults[0].reader.events(person.call, person.record_id, limit=500)
    assert not isinstance(page, Denied)
    after = [line for line in page.events if line["seq"] > revocation(page.events)]
    assert {line["outcome"] for line in after if line["action"] == "search"} <= {"deny"}


def revocation(events: Sequence[dict[str, object]]) -> int:
    return next(int(str(line["seq"])) for line in events if line["action"] == "revoke")


def test_chains_have_no_gap_and_two_sequencers_make_one_tree(vaults: list[VaultBench]) -> None:
    people = [vaults[0].person() for _ in range(3)]
    for person in people:
        vaults[0].authorise(person)
    finished = threading.Event()

    def ask(number: int) -> int:
        vault, done = vaults[number % VAULTS], 0
        for turn in range(12):
            person: Person = people[(number + turn) % len(people)]
            done += isinstance(vault.reader.documents(vault.doctor(), person.record_id, []), Disclosed)
        return done

    def sequence(vault: VaultBench) -> int:
        placed = 0
        while not finished.wait(0.002):
            placed += vault.guard.housekeeper.sequence().placed
            vault.guard.housekeeper.checkpoint()
        return placed

    with ThreadPoolExecutor(THREADS + 2) as pool:
        sequencers = [pool.submit(sequence, vault) for vault in vaults[:2]]
        try:
            assert sum(pool.map(ask, range(THREADS))) == THREADS * 12
        finally:
            finished.set()
        for each in sequencers:
            each.result()
    vaults[2].clock.advance(60)  # the sequencer's lease ends
    while vaults[2].guard.housekeeper.sequence().placed:
        pass
    vaults[2].guard.housekeeper.checkpoint()

    for person in people:
        seqs = chain(vaults[0], person.record_id)
        assert seqs == list(range(1, len(seqs) + 1))
    with vaults[0].store.reading() as tx:
        positions = [row["position"] for row in tx.find("leaf", order="position")]
        assert tx.find("pending") == []
    assert positions == list(range(len(positions)))
    assert len(positions) >= THREADS * 12
    vaults[0].guard.inspector.verify_log()
