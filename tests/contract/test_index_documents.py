"""What every index keeps its word on: lists of documents, and the small state that processes share."""

import threading
from dataclasses import asdict
from uuid import UUID, uuid4

import pytest

from storage.index import keeping
from storage.ports.index import Index
from storage.rows.documents import Document
from storage.rows.sign_ins import SignedIn
from tests.contract.storage_examples import RECORD, a_document, published

SOPS = (b"s" * 32, b"s" * 32, b"t" * 32)
OTHER_RECORD = UUID("01890000-0000-7000-8000-000000000002")
SESSION = uuid4()


def of_session(code: bytes, session_id: UUID | None) -> SignedIn:
    return SignedIn(digest=code, sealed=b"s", expires=100, session_id=session_id, made_at=1, used_at=5)


def live(index: Index, code: bytes, now: int, idle_since: int = 0) -> SignedIn | None:
    return index.sign_in(code, now, idle_since)


@pytest.fixture
def documents(index: Index) -> list[Document]:
    """Seven documents of one record, newest first, four of them of one instant."""
    times = (500, 400, 400, 400, 400, 300, 200)
    made = [published(index, a_document(created_at=at, study_token=None)) for at in times]
    published(index, a_document(record_id=OTHER_RECORD))
    return sorted(made, key=lambda one: (one.created_at, one.document_id.bytes), reverse=True)


class TestLists:
    def test_newest_first_and_only_this_records(self, index: Index, documents: list[Document]) -> None:
        assert [document for document, _ in index.documents(RECORD, limit=100)] == documents

    def test_pages_by_key_meet_every_document_once(self, index: Index, documents: list[Document]) -> None:
        seen: list[Document] = []
        after = None
        while page := index.documents(RECORD, after=after, limit=2):
            assert len(page) <= 2
            seen += [document for document, _ in page]
            after = (seen[-1].created_at, seen[-1].document_id)
        assert seen == documents

    def test_a_page_is_not_moved_by_what_is_added_before_it(
        self, index: Index, documents: list[Document]
    ) -> None:
        after = (documents[1].created_at, documents[1].document_id)
        before = index.documents(RECORD, after=after, limit=2)
        published(index, a_document(created_at=900))
        assert index.documents(RECORD, after=after, limit=2) == before

    def test_what_is_published_of_a_page(self, index: Index, documents: list[Document]) -> None:
        [(foreign, _)] = index.documents(OTHER_RECORD, limit=100)
        ids = [documents[3].document_id, documents[0].document_id, foreign.document_id, uuid4()]
        assert index.published(RECORD, ids).keys() == {documents[0].document_id, documents[3].document_id}
        assert index.published(RECORD, []) == {}

    def test_which_documents_of_a_record_hold_the_same_instance(self, index: Index) -> None:
        """Noted when the later one is published, both ways; another record's is nobody's affair."""
        record = uuid4()
        one, other, alone = (
            published(index, a_document(record_id=record), sop_tokens=(name,)) for name in SOPS
        )
        foreign = published(index, a_document(record_id=uuid4()), sop_tokens=(SOPS[0],))
        ids = [each.document_id for each in (one, other, alone, foreign)]
        assert index.published(record, ids) == {
            one.document_id: {other.document_id},
            other.document_id: {one.document_id},
            alone.document_id: frozenset(),
        }
        again = published(index, a_document(record_id=record), sop_tokens=(SOPS[0], SOPS[2]))
        assert index.published(record, ids)[alone.document_id] == {again.document_id}
        assert index.published(record, ids)[one.document_id] == {other.document_id, again.document_id}

    def test_each_comes_with_its_own_details(self, index: Index, documents: list[Document]) -> None:
        for document, details in index.documents(RECORD, limit=100):
            assert {row.document_id for row in details} == {document.document_id}

    def test_by_id_only_within_the_record(self, index: Index, documents: list[Document]) -> None:
        [(foreign, _)] = index.documents(OTHER_RECORD, limit=100)
        ids = [documents[3].document_id, documents[0].document_id, foreign.document_id, uuid4()]
        assert [one for one, _ in index.documents_by_id(RECORD, ids)] == [documents[0], documents[3]]
        assert index.documents_by_id(RECORD, []) == []

    def test_one_of_whatever_record_with_its_details(self, index: Index, documents: list[Document]) -> None:
        found = index.document(documents[2].document_id)
        assert found == index.documents_by_id(RECORD, [documents[2].document_id])[0]
        assert index.document(uuid4()) is None

    def test_who_deposited_a_document(self, index: Index) -> None:
        document = published(index)
        assert index.depositors(document.document_id) == {b"d" * 32}
        assert index.depositors(uuid4()) == frozenset()

    def test_by_study_within_the_record(self, index: Index) -> None:
        mine, other = (
            a_document(study_token=b"x" * 32),
            a_document(study_token=b"x" * 32, record_id=OTHER_RECORD),
        )
        for document in (mine, other, a_document()):
            published(index, document)
        assert [one for one, _ in index.documents_by_study(RECORD, b"x" * 32)] == [mine]

    def test_a_state_is_copied_with_its_time(self, index: Index) -> None:
        document = published(index)
        assert index.set_state(document.document_id, "deleted", at=777)
        [(found, _)] = index.documents(RECORD, limit=100)
        assert (found.state, found.updated_at) == ("deleted", 777)
        assert not index.set_state(uuid4(), "deleted", at=1)


class TestShared:
    def test_a_later_reception_key_of_a_day_replaces_the_earlier(self, index: Index) -> None:
        assert index.reception_key("2026-01-01") is None
        for document in ("first", "second"):
            index.put_reception_key("2026-01-01", document)
        assert index.reception_key("2026-01-01") == "second"

    def test_a_later_list_of_issuers_replaces_the_earlier(self, index: Index) -> None:
        assert index.issuers() is None
        for document in ("first", "second"):
            index.put_issuers(document)
        assert index.issuers() == "second"

    def test_a_sign_in_lives_until_it_expires_or_ends(self, index: Index) -> None:
        one = SignedIn(digest=b"one", sealed=b"sealed", expires=10)
        index.put_sign_in(one)
        index.put_sign_in(SignedIn(digest=b"two", sealed=b"sealed too", expires=20))
        assert (live(index, b"one", 9), live(index, b"one", 10)) == (one, None)
        assert index.forget_sign_ins(now=10) == 1
        index.end_sign_in(b"two")
        assert live(index, b"two", 1) is None

    def test_a_session_lives_while_it_is_used(self, index: Index) -> None:
        index.put_sign_in(of_session(b"one", SESSION))
        assert live(index, b"one", 8, idle_since=4) is not None
        assert live(index, b"one", 8, idle_since=5) is None
        index.use_sign_in(b"one", at=9)
        assert live(index, b"one", 12, idle_since=8) is not None
        assert index.live_sessions([SESSION, uuid4()], now=12, idle_since=8) == {SESSION: 9}
        assert index.live_sessions([SESSION], now=12, idle_since=9) == {}

    def test_a_new_code_takes_the_place_of_the_old_once(self, index: Index) -> None:
        index.put_sign_in(of_session(b"one", SESSION))
        assert index.renew_sign_in(b"one", of_session(b"two", SESSION), until=30)
        assert not index.renew_sign_in(b"one", of_session(b"three", SESSION), until=40)
        assert [live(index, code, 29) is not None for code in (b"one", b"two", b"three")] == [
            True,
            True,
            False,
        ]
        assert live(index, b"one", 30) is None

    def test_a_session_ends_with_every_code_of_it_and_no_other(self, index: Index) -> None:
        for code, session in ((b"one", SESSION), (b"two", SESSION), (b"three", uuid4()), (b"four", None)):
            index.put_sign_in(of_session(code, session))
        index.end_sign_in(b"one")
        assert [live(index, code, 1) is not None for code in (b"one", b"two", b"three", b"four")] == [
            False,
            False,
            True,
            True,
        ]
        assert index.end_sessions([SESSION]) == 0
        index.put_sign_in(of_session(b"one", SESSION))
        assert index.end_sessions([SESSION]) == 1

    @pytest.mark.parametrize("end", ["end_sessions", "end_sign_in"])
    def test_a_session_that_ends_while_a_code_of_it_is_renewed_is_over(self, index: Index, end: str) -> None:
        """Whoever has stolen a code does not keep the session by having it renewed at that moment."""
        index.put_sign_in(of_session(b"one", SESSION))
        index.put_sign_in(of_session(b"lapsing", SESSION))
        ended = {"end_sessions": [SESSION], "end_sign_in": b"lapsing"}[end]
        with index._database.writing() as renewing:  # type: ignore[attr-defined]
            renewing.execute(keeping._REPLACE_SIGN_IN, {"b_digest": b"one", "b_expires": 100, "until": 30})
            renewing.execute(keeping._PUT_SIGN_IN, asdict(of_session(b"two", SESSION)))
            ending = threading.Thread(target=getattr(index, end), args=(ended,))
            ending.start()
            ending.join(0.3)  # it waits for the renewal
        ending.join()
        assert [live(index, code, 1) for code in (b"one", b"two", b"lapsing")] == [None] * 3
