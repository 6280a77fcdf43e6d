"""What every index keeps its word on: what a depositor finds of its own deposits."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from storage.index.maintenance import NOBODY
from storage.ports.index import Index
from storage.rows.documents import Document, Token
from tests.contract.storage_examples import RECORD, a_document, publication_of, received

ONE, OTHER = b"1" * 32, b"2" * 32
STUDY, SOP, ACCESSION = b"s" * 32, b"i" * 32, b"a" * 32


def deposited_by(index: Index, depositor: bytes, document: Document, **options: Any) -> UUID:
    """A published submission with one document."""
    submission_id = received(index, depositor_token=depositor)
    assert index.claim(submission_id, "worker", now=100, until=10_000)
    publication = publication_of(submission_id, document, sop_tokens=(SOP,), **options)
    assert index.publish(submission_id, "worker", publication)
    return submission_id


def found(index: Index, depositor: bytes, field: str, *tokens: bytes, limit: int = 100) -> list[UUID]:
    return [row.document_id for row in index.deposited(depositor, field, tokens, limit)]


@pytest.mark.parametrize(("field", "token"), [("study", STUDY), ("sop", SOP), ("accession", ACCESSION)])
class TestFoundBy:
    def test_its_own_alone_whatever_the_record(self, index: Index, field: str, token: bytes) -> None:
        mine = [a_document(record_id=record) for record in (RECORD, uuid4())]
        for document in mine:
            deposited_by(index, ONE, document)
        theirs = a_document()
        deposited_by(index, OTHER, theirs)
        assert set(found(index, ONE, field, token)) == {each.document_id for each in mine}
        assert found(index, OTHER, field, token) == [theirs.document_id]
        assert found(index, b"3" * 32, field, token) == []

    def test_what_a_job_merged_is_found_too(self, index: Index, field: str, token: bytes) -> None:
        merged = a_document()
        deposited_by(index, NOBODY, merged)
        assert found(index, ONE, field, token) == [merged.document_id]

    def test_one_of_several_names_is_enough_and_another_is_none(
        self, index: Index, field: str, token: bytes
    ) -> None:
        document = a_document()
        deposited_by(index, ONE, document)
        assert found(index, ONE, field, b"x" * 32, token) == [document.document_id]
        assert found(index, ONE, field, b"x" * 32) == found(index, ONE, field) == []


def test_verdicts_are_told_to_who_sent_the_submission_and_to_nobody_else(index: Index) -> None:
    submission_id = deposited_by(index, ONE, a_document())
    found = index.verdicts(submission_id, ONE)
    assert found is not None
    assert found == ("published", index.parts(submission_id))
    assert index.verdicts(submission_id, OTHER) is None
    assert index.verdicts(uuid4(), ONE) is None
    waiting = received(index, depositor_token=OTHER)
    assert index.verdicts(waiting, OTHER) == ("received", [])


def test_newest_first_and_no_more_than_asked(index: Index) -> None:
    documents = [a_document() for _ in range(4)]
    for at, document in enumerate(documents):
        submission_id = received(index, depositor_token=ONE)
        assert index.claim(submission_id, "worker", now=100, until=10_000)
        publication = publication_of(submission_id, document)
        newer = replace(publication.details[0], created_at=300 + at)
        assert index.publish(submission_id, "worker", replace(publication, details=(newer,)))
    newest = [each.document_id for each in reversed(documents)]
    assert found(index, ONE, "study", STUDY) == newest
    assert found(index, ONE, "study", STUDY, limit=2) == newest[:2]


def test_a_token_counts_for_its_own_field(index: Index) -> None:
    document = a_document(study_token=None)
    tokens = (Token(document_id=document.document_id, field="day", token=ACCESSION),)
    deposited_by(index, ONE, document, tokens=tokens)
    assert found(index, ONE, "day", ACCESSION) == [document.document_id]
    assert found(index, ONE, "accession", ACCESSION) == []
    assert found(index, ONE, "study", ACCESSION) == found(index, ONE, "sop", ACCESSION) == []
