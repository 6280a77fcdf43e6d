"""`list`: pages filled with what may be seen, cursors of what was shown, summaries that heal themselves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from keyvault.verbs.call import Call, Denied
from keyvault.verbs.reader.lists.filling import PORTION, ListPage
from keyvault.verbs.reader.lists.listing import Listing, RowsNeeded
from keyvault.verbs.rows import SealedRow
from keyvault.verbs.worker.adoption.adopt_request import Adopted
from records.documents.summaries import summary_of
from records.errors import CoffreError
from records.filters import DocumentFilter
from records.vocabulary.codes import ReasonCode, Role
from tests.integration.vault.bench import DOCTOR, PRACTICE, STRANGER, Deposited, Person, VaultBench, rows_of
from tests.integration.vault.test_jobs import imaged, leaving, taken
from tests.integration.vault.test_signed_requests import Holder


def listed(vault: VaultBench, call: Call, person: Person, page: ListPage = ListPage()) -> Listing:  # noqa: B008
    answer = vault.reader.list(call, person.record_id, page)
    assert isinstance(answer, Listing), answer
    return answer


def ids(listing: Listing) -> list[UUID]:
    return [each.document_id for each in listing.documents]


def several(vault: VaultBench, person: Person, count: int) -> list[UUID]:
    """Documents, newest first; each pair of one instant."""
    found = []
    for number in range(count):
        found.append(vault.deposit(person, b"%%PDF-1.7 %d" % number).document_id)
        vault.clock.advance(number % 2)
    with vault.store.reading() as tx:
        rows = tx.find("document", record_id=person.record_id, order=("-created_at", "-document_id"))
    assert {row["document_id"] for row in rows} == {*found}
    return [row["document_id"] for row in rows]


def walk(vault: VaultBench, call: Call, person: Person, limit: int) -> Iterator[Listing]:
    page = ListPage(limit=limit)
    while True:
        listing = listed(vault, call, person, page)
        yield listing
        if listing.following is None:
            return
        page = replace(page, after=listing.following)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
def test_pages_together_are_the_whole_list_each_document_once(
    vault: VaultBench, person: Person, limit: int
) -> None:
    every = several(vault, person, 7)
    pages = list(walk(vault, person.call, person, limit))
    assert [each for page in pages for each in ids(page)] == every
    assert [len(page.documents) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert pages[0].preceding is None
    for before, page in pairwise(pages):
        assert page.preceding is not None
        back = ListPage(before=page.preceding, limit=limit)
        assert ids(listed(vault, person.call, person, back)) == ids(before)


def test_a_page_is_filled_whatever_is_hidden_between(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    every = several(vault, person, 7)
    shown = [every[0], every[3], every[6]]
    for hidden in {*every} - {*shown}:
        vault.label(person, hidden, "MASQUE_PS")
    first = listed(vault, vault.doctor(), person, ListPage(limit=2))
    assert ids(first) == shown[:2]
    second = listed(vault, vault.doctor(), person, ListPage(limit=2, after=first.following))
    assert (ids(second), second.following) == (shown[2:], None)
    whole = listed(vault, vault.doctor(), person, ListPage(limit=3))
    assert (ids(whole), whole.following) == (shown, None)  # nothing says that masked ones follow


def test_a_key_that_nobody_gave_shows_nothing_more(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    every = several(vault, person, 4)
    vault.label(person, every[1], "MASQUE_PS")
    with vault.store.reading() as tx:
        masked = tx.get("document", document_id=every[1])
    assert masked is not None
    for key in ((masked["created_at"], every[1]), (2**62, uuid4()), (0, UUID(int=0))):
        for page in (ListPage(after=key), ListPage(before=key)):
            assert every[1] not in ids(listed(vault, vault.doctor(), person, page))


def test_a_page_does_not_move_when_others_come_or_are_hidden(vault: VaultBench, person: Person) -> None:
    every = several(vault, person, 6)
    first = listed(vault, person.call, person, ListPage(limit=3))
    vault.clock.advance(5)
    vault.deposit(person, b"%PDF-1.7 newer")
    second = listed(vault, person.call, person, ListPage(limit=3, after=first.following))
    assert ids(second) == every[3:]


def test_more_than_a_portion_of_hidden_documents_is_read_past(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    (oldest,) = several(vault, person, 1)
    vault.clock.advance(1)
    template = vault.deposit(person, b"%PDF-1.7 hidden").document_id
    vault.label(person, template, "MASQUE_PS")
    with vault.store.writing() as tx:
        row = tx.get("document", document_id=template)
        assert row is not None
    copies = 2 * PORTION
    record = vault.guard.reader._vault
    from keyvault.keys.cards import open_card, open_facts, seal_facts
    from keyvault.keys.record_keys import care_key

    with vault.store.writing() as tx:
        found = tx.get("record", record_id=person.record_id)
        assert found is not None
        card = open_card(tx, found, care_key(tx, record.keyring, found))
        (facts,) = open_facts(card, [row]).values()
        for _ in range(copies):
            document_id = uuid4()
            sealed = seal_facts(card, replace(facts, document_id=document_id), 1)
            tx.insert("document", {**row, **sealed, "document_id": document_id, "content_token": None})
    assert ids(listed(vault, vault.doctor(), person, ListPage(limit=1))) == [oldest]
    assert listed(vault, vault.doctor(), person, ListPage(limit=1)).following is None


def test_a_label_on_a_copy_hides_every_copy(vault: VaultBench, person: Person) -> None:
    vault.authorise(person)
    first = vault.deposit(person, b"%PDF-1.7 twice", structure="1750000009")
    second = vault.deposit(person, b"%PDF-1.7 twice", structure="1750000008")
    assert len(ids(listed(vault, vault.doctor(), person))) == 2
    vault.label(person, first.document_id, "MASQUE_PS")
    assert first.document_id != second.document_id
    assert ids(listed(vault, vault.doctor(), person)) == []


def test_companions_are_the_other_documents_of_a_study(vault: VaultBench, person: Person) -> None:
    other = vault.deposit_study(person, "1.2.9", structure="1750000009")
    vault.clock.advance(1)
    between = vault.deposit(person)
    vault.clock.advance(1)
    study = vault.deposit_study(person, "1.2.9")
    page = listed(vault, person.call, person, ListPage(limit=1, companions=True))
    assert ids(page) == [study.document_id]
    assert [each.document_id for each in page.companions] == [other.document_id]
    whole = listed(vault, person.call, person, ListPage(companions=True))
    assert ids(whole) == [study.document_id, between.document_id, other.document_id]
    assert whole.companions == ()
    vault.authorise(person)
    vault.label(person, other.document_id, "MASQUE_PS")
    # the holder's label on one structure's copy of the study holds for all (R20)
    masked = listed(vault, vault.doctor(), person, ListPage(limit=1, companions=True))
    assert (ids(masked), masked.companions) == ([between.document_id], ())


class TestFilters:
    def test_of_facts_and_reception(self, vault: VaultBench, person: Person) -> None:
        report = vault.deposit(person)
        vault.clock.advance(10)
        now = int(vault.clock())
        study = vault.deposit_study(person, "1.2.9")

        def of(**wanted: object) -> list[UUID]:
            page = ListPage(wanted=DocumentFilter(**wanted))  # type: ignore[arg-type]
            return ids(listed(vault, person.call, person, page))

        assert of(kinds=frozenset({"study"})) == [study.document_id]
        assert of(type_codes=frozenset({"none"})) == []
        assert of(since=now) == [study.document_id]
        assert of(kinds=frozenset({"document"}), since=now - 10) == [report.document_id]

    def test_of_the_documents_own_date(self, vault: VaultBench, person: Person) -> None:
        document = vault.deposit(person)
        own = listed(vault, person.call, person).documents[0].summary.date
        wanted = DocumentFilter(first=date(1900, 1, 1), last=date(2200, 1, 1))
        found = ids(listed(vault, person.call, person, ListPage(wanted=wanted)))
        assert found == ([document.document_id] if own else [])


class TestSummaries:
    def test_are_made_with_the_document(self, vault: VaultBench, person: Person) -> None:
        deposited = vault.deposit(person)
        (shown,) = listed(vault, person.call, person).documents
        details = deposited.request.documents[0].details
        assert (shown.summary.title, shown.summary.structure) == (details.title, details.structure)

    def test_of_a_study_that_grew_are_made_of_its_rows(self, vault: VaultBench, person: Person) -> None:
        first, second = vault.deposit_study(person, "1.2.9"), vault.deposit_study(person, "1.2.9", "1.2.3.5")
        assert first.document_id == second.document_id
        with vault.logging() as seen:
            asked = vault.reader.list(person.call, person.record_id, ListPage())
            assert asked == RowsNeeded((first.document_id,)) and not seen
            rows = rows_of(first, second)
            made = vault.reader.list(person.call, person.record_id, ListPage(), rows)
        assert isinstance(made, Listing) and [event.told[0] for event in seen] == ["search"]
        (shown,) = made.documents
        assert shown.summary == summary_of([each.request.documents[0].details for each in (first, second)])
        assert listed(vault, person.call, person).documents == made.documents  # kept

    @pytest.mark.parametrize("which", ["one", "altered"])
    def test_of_a_part_of_the_rows_are_shown_and_never_kept(
        self, vault: VaultBench, person: Person, which: str
    ) -> None:
        """A study that grows is shown as it was published, until the index has what the vault adopted."""
        first, second = vault.deposit_study(person, "1.2.9"), vault.deposit_study(person, "1.2.9", "1.2.3.5")
        part = {
            "one": [first.row],
            "altered": [first.row, replace(second.row, sealed=second.row.sealed[:-1] + b"??")],
        }[which]
        answer = vault.reader.list(person.call, person.record_id, ListPage(), part)
        assert isinstance(answer, Listing)
        assert [each.summary for each in answer.documents] == [
            summary_of([first.request.documents[0].details])
        ]
        assert vault.reader.list(person.call, person.record_id, ListPage()) == RowsNeeded(
            (first.document_id,)
        )

    def test_of_which_no_row_is_published_show_nothing(self, vault: VaultBench, person: Person) -> None:
        deposited = vault.deposit(person)
        vault.sql("DELETE FROM document_summary")
        answer = vault.reader.list(person.call, person.record_id, ListPage(), [], [deposited.document_id])
        assert isinstance(answer, Listing) and answer.documents == ()

    def test_that_can_be_made_in_part_alone_are_asked_for_again_with_what_else_lacks(
        self, vault: VaultBench, person: Person
    ) -> None:
        """Else two of them, of two portions, would be asked for in turn and without end."""
        first, _ = vault.deposit_study(person, "1.2.9"), vault.deposit_study(person, "1.2.9")
        other = vault.deposit(person)
        vault.sql("DELETE FROM document_summary WHERE document_id=?", other.document_id.bytes)
        lacking = vault.reader.list(person.call, person.record_id, ListPage(), [first.row])
        assert lacking == RowsNeeded((first.document_id, other.document_id))
        answer = vault.reader.list(person.call, person.record_id, ListPage(), [first.row, other.row])
        assert isinstance(answer, Listing) and len(answer.documents) == 2

    def test_of_a_study_whose_rows_a_job_merged_are_made_of_the_merged_one(
        self, vault: VaultBench, person: Person
    ) -> None:
        images = [imaged(vault, person, sop) for sop in ("1.1", "1.2")]
        job = vault.guard.housekeeper.plan_compaction(person.record_id, images[0].document_id)
        assert job is not None
        opened = taken(vault, job, rows_of(*images))
        every = [row.series[0].instances[0] for row in opened.details]
        adopted = vault.worker.adopt_job(leaving(job, opened, *every))
        assert isinstance(adopted, Adopted)

        def counted(rows: list[SealedRow]) -> list[int]:
            answer = vault.reader.list(person.call, person.record_id, ListPage(), rows)
            assert isinstance(answer, Listing)
            return [series.instances for each in answer.documents for series in each.summary.series]

        assert counted(rows_of(*images)) == [2]  # as the index still has it
        vault.worker.settle(job)
        asked = vault.reader.list(person.call, person.record_id, ListPage())
        assert asked == RowsNeeded((images[0].document_id,))
        (merged,) = adopted.documents
        assert counted([SealedRow(merged.document_id, merged.row_version, job, merged.sealed)]) == [2]
        assert counted([]) == [2]  # kept

    def test_of_an_older_version_are_made_anew(self, vault: VaultBench, person: Person) -> None:
        deposited = vault.deposit(person)
        before = listed(vault, person.call, person)
        epoch = vault.sql("SELECT epoch FROM record WHERE record_id=?", person.record_id.bytes)
        vault.sql("DELETE FROM document_summary")  # as 0.1.0 left it
        dated = ListPage(wanted=DocumentFilter(first=date(1900, 1, 1)))
        for page in (ListPage(), dated):
            assert vault.reader.list(person.call, person.record_id, page) == RowsNeeded(
                (deposited.document_id,)
            )
        assert isinstance(vault.reader.list(person.call, person.record_id, dated, [deposited.row]), Listing)
        assert listed(vault, person.call, person).documents == before.documents
        # a summary decides nothing: what was judged stands
        assert vault.sql("SELECT epoch FROM record WHERE record_id=?", person.record_id.bytes) == epoch

    def test_do_not_open_in_another_place(self, vault: VaultBench, person: Person) -> None:
        first, second = vault.deposit(person), vault.deposit(person, b"%PDF-1.7 second")
        ((sealed,),) = vault.sql(
            "SELECT sealed FROM document_summary WHERE document_id=?", second.document_id.bytes
        )
        vault.sql("UPDATE document_summary SET sealed=? WHERE document_id=?", sealed, first.document_id.bytes)
        answer = vault.reader.list(person.call, person.record_id, ListPage())
        assert answer == RowsNeeded((first.document_id,))

    def test_of_an_older_row_do_not_pass_for_the_newest(self, vault: VaultBench, person: Person) -> None:
        first, second = vault.deposit_study(person, "1.2.9"), vault.deposit_study(person, "1.2.9")
        vault.sql("UPDATE document_summary SET row_version=2")
        answer = vault.reader.list(person.call, person.record_id, ListPage())
        assert answer == RowsNeeded((first.document_id,))
        answer = vault.reader.list(person.call, person.record_id, ListPage(), rows_of(first, second))
        assert isinstance(answer, Listing)

    def test_say_nothing_to_whoever_has_no_right(self, vault: VaultBench, person: Person) -> None:
        vault.deposit(person)
        vault.sql("DELETE FROM document_summary")
        answer = vault.reader.list(vault.doctor(STRANGER), person.record_id, ListPage())
        assert answer == Denied(ReasonCode.NOT_AUTHORISED)

    def test_begin_the_emergency_once(self, vault: VaultBench, person: Person) -> None:
        """Which rows lack says that there are documents."""
        deposited = vault.deposit(person)
        vault.sql("DELETE FROM document_summary")
        with vault.logging() as seen:
            answer = vault.reader.list(vault.emergency(), person.record_id, ListPage())
            assert isinstance(answer, RowsNeeded)
            answer = vault.reader.list(vault.emergency(), person.record_id, ListPage(), [deposited.row])
            assert isinstance(answer, Listing)
        assert [event.told[:2] for event in seen] == [("identify", "permit"), ("search", "permit")]
        assert vault.sql("SELECT count(*) FROM emergency_window") == [(1,)]


class TestASignedRequest:
    """One proof lists the record once: page after page, as the vault said, and each page once."""

    @pytest.fixture
    def call(self, vault: VaultBench, person: Person) -> Call:
        vault.authorise(person)
        claims = {"profession": "10", "structure": PRACTICE, "sector": "SA07"}
        doctor = Holder(vault, Role.PROFESSIONAL, DOCTOR, rpps=DOCTOR, **claims)
        return doctor.call("GET", f"/records/{person.ins}/documents")

    def test_goes_on_where_the_vault_said_and_nowhere_else(
        self, vault: VaultBench, person: Person, call: Call
    ) -> None:
        every = several(vault, person, 4)
        first = listed(vault, call, person, ListPage(limit=2))
        assert first.following is not None
        at, document_id = first.following
        for other in (None, (at + 1, document_id), (at, uuid4())):
            with pytest.raises(CoffreError) as refusal:
                vault.reader.list(call, person.record_id, ListPage(limit=2, after=other))
            assert refusal.value.code == "proof_replayed"
        page = ListPage(limit=2, after=first.following)
        assert ids(listed(vault, call, person, page)) == every[2:]
        with pytest.raises(CoffreError) as refusal:
            vault.reader.list(call, person.record_id, page)
        assert refusal.value.code == "proof_replayed"

    def test_is_answered_after_the_rows_that_lack(
        self, vault: VaultBench, person: Person, call: Call
    ) -> None:
        deposited: Deposited = vault.deposit(person)
        vault.sql("DELETE FROM document_summary")
        assert isinstance(vault.reader.list(call, person.record_id, ListPage()), RowsNeeded)
        answer = vault.reader.list(call, person.record_id, ListPage(), [deposited.row])
        assert isinstance(answer, Listing)
        with pytest.raises(CoffreError) as refusal:
            vault.reader.list(call, person.record_id, ListPage(), [deposited.row])
        assert refusal.value.code == "proof_replayed"
