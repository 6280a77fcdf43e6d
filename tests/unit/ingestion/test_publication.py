"""The rows of the one transaction that makes a submission visible: what the vault adopted, token by token."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import pytest

from ingestion.grouping import InspectedPart, groups_of
from ingestion.worker.packing import PackedGroup
from ingestion.worker.publication import AdoptedGroup, adopted_groups, publication
from keyvault.crypto.search_tokens import TokenField
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptedDocument
from storage.rows.documents import Details, Document, Instance, Token
from storage.rows.publications import Publication
from storage.rows.submissions import Blob, PartVerdict
from tests.unit.ingestion.parts import DUPLICATE, REFUSED, SET_ASIDE, dicom_part, pdf_part, typed

SUBMISSION, RECORD_ID, NOW = UUID(int=1), UUID(int=2), 1_700_000_000_000
STRUCTURE = "1750000001"


def token(field: TokenField, value: str) -> bytes:
    return hashlib.sha256(f"{field.value} {value}".encode()).digest()


def tokens(wanted: Sequence[tuple[TokenField, str]]) -> tuple[bytes, ...]:
    return tuple(token(field, value) for field, value in wanted)


def a_blob(number: int, role: str = "repacked") -> Blob:
    return Blob(
        blob_id=UUID(int=100 + number),
        version=1,
        kind=1,
        plaintext_size=10,
        ciphertext_size=66,
        header=bytes(40),
        commitment=bytes(32),
        crc64=0,
        sealed_key=b"",
        role=role,
    )


def documents(count: int) -> tuple[AdoptedDocument, ...]:
    return tuple(
        AdoptedDocument(UUID(int=10 + at), row_version=3, sealed=b"row %d" % at, study_token=b"study")
        for at in range(count)
    )


def adopted(parts: Sequence[InspectedPart]) -> list[AdoptedGroup]:
    """Every kept part packed at 1000 times its number, and adopted into one record."""
    packed = []
    for at, group in enumerate(groups_of(parts, typed())):
        series = tuple(a_blob(50 + 10 * at + n, "series") for n, _ in enumerate(group.series()))
        offsets = {part.number: 1000 * part.number for part in group.parts}
        packed.append(PackedGroup(group, a_blob(at), offsets, series if group.record else ()))
    return adopted_groups(packed, Adopted(RECORD_ID, documents(len(packed))), STRUCTURE)


def published(parts: Sequence[InspectedPart], duplicates: dict[int, UUID] | None = None) -> Publication:
    return publication(SUBMISSION, parts, duplicates or {}, adopted(parts), tokens, NOW)


ONE, TWO = UUID(int=10), UUID(int=11)


class TestDocuments:
    def test_each_adopted_group_is_a_document_with_its_sealed_row(self) -> None:
        rows = published([dicom_part(1), pdf_part(2)])
        assert rows.documents == tuple(
            Document(
                document_id=each,
                record_id=RECORD_ID,
                kind=kind,
                state="approved",
                study_token=b"study",
                created_at=NOW,
                updated_at=NOW,
            )
            for each, kind in ((ONE, "study"), (TWO, "document"))
        )
        assert rows.details == tuple(
            Details(document_id=each, row_version=3, submission_id=SUBMISSION, sealed=sealed, created_at=NOW)
            for each, sealed in ((ONE, b"row 0"), (TWO, b"row 1"))
        )

    def test_the_vault_answers_in_the_order_it_was_asked_and_of_all(self) -> None:
        packed = [each.packed for each in adopted([pdf_part(1), pdf_part(2)])]
        with pytest.raises(ValueError, match="shorter"):
            adopted_groups(packed, Adopted(RECORD_ID, documents(1)), STRUCTURE)

    def test_every_blob_of_a_document_is_kept(self) -> None:
        rows = published([dicom_part(1, series="1.2.1"), dicom_part(2, series="1.2.2")])
        assert rows.adopted == {(UUID(int=number), 1) for number in (100, 150, 151)}

    def test_a_request_that_waits_gets_its_answer_in_the_same_transaction(self) -> None:
        parts = [pdf_part(1)]
        rows = publication(SUBMISSION, parts, {}, adopted(parts), tokens, NOW, answer=b"sealed")
        assert (rows.answer, rows.finished_at) == (b"sealed", NOW)
        assert published(parts).answer is None


class TestInstances:
    def test_each_part_lies_where_it_was_packed_and_is_found_by_its_identifiers(self) -> None:
        rows = published([dicom_part(1, sop="1.9", series="1.8", length=40), pdf_part(2, length=7)])
        assert rows.instances == (
            Instance(
                document_id=ONE,
                submission_id=SUBMISSION,
                part=1,
                sop_token=token(TokenField.SOP, "1.9"),
                series_token=token(TokenField.SERIES, "1.8"),
                blob_id=UUID(int=100),
                version=1,
                offset=1000,
                length=40,
            ),
            Instance(
                document_id=TWO,
                submission_id=SUBMISSION,
                part=2,
                sop_token=None,
                series_token=None,
                blob_id=UUID(int=101),
                version=1,
                offset=2000,
                length=7,
            ),
        )

    def test_tokens_of_many_instances_stay_with_their_own(self) -> None:
        parts = [dicom_part(n, sop=f"1.9.{n}", series=f"1.8.{n % 2}") for n in range(1, 6)]
        for part, row in zip(parts, published(parts).instances, strict=True):
            assert row.sop_token == token(TokenField.SOP, part.dicom.sop)
            assert row.series_token == token(TokenField.SERIES, part.dicom.series)


class TestAccessions:
    def test_a_document_is_found_by_the_accession_number_of_its_first_instance(self) -> None:
        rows = published([dicom_part(1, accession="A-1"), dicom_part(2, accession="A-2")])
        found = token(TokenField.ACCESSION, "A-1")
        assert Token(document_id=ONE, field="accession", token=found) in rows.tokens

    def test_and_its_depositor_finds_it_by_the_day_of_the_study(self) -> None:
        found = token(TokenField.STUDY_DAY, f"{STRUCTURE}|2024-05-02")
        assert published([dicom_part(1)]).tokens[-1] == Token(document_id=ONE, field="study_day", token=found)

    @pytest.mark.parametrize(
        "part",
        [
            dicom_part(1, accession=None),
            dicom_part(1, accession=""),
            dicom_part(1, accession="A-1", judgement=SET_ASIDE, record=None),
            pdf_part(1),
        ],
        ids=["none", "empty", "set aside", "no DICOM"],
    )
    def test_without_one_and_under_quarantine_there_is_nothing_to_find(self, part: InspectedPart) -> None:
        assert not [row for row in published([part]).tokens if row.field == "accession"]

    @pytest.mark.parametrize(
        "part", [dicom_part(1, judgement=SET_ASIDE, record=None), pdf_part(1)], ids=["set aside", "no DICOM"]
    )
    def test_nor_is_there_a_day(self, part: InspectedPart) -> None:
        assert published([part]).tokens == ()


class TestParts:
    def test_each_part_is_answered_with_its_outcome_and_its_document(self) -> None:
        parts = [
            dicom_part(1),
            dicom_part(2, judgement=REFUSED),
            dicom_part(3, judgement=DUPLICATE, repeats=None),
        ]
        rows = published(parts, {3: UUID(int=99)})
        assert rows.parts == (
            PartVerdict(
                number=1, outcome="published", code="published", reason="Published.", document_id=ONE
            ),
            PartVerdict(
                number=2, outcome="rejected", code="no_record", reason=REFUSED.reason, document_id=None
            ),
            PartVerdict(
                number=3,
                outcome="duplicate",
                code="duplicate",
                reason=DUPLICATE.reason,
                document_id=UUID(int=99),
            ),
        )

    def test_a_part_that_repeats_another_of_its_submission_is_in_the_same_document(self) -> None:
        rows = published([dicom_part(1), dicom_part(2, judgement=DUPLICATE, repeats=1)])
        assert [part.document_id for part in rows.parts] == [ONE, ONE]

    def test_a_part_that_repeats_a_known_one_is_in_the_document_of_before(self) -> None:
        parts = [
            dicom_part(1, judgement=DUPLICATE),
            dicom_part(2, judgement=DUPLICATE, repeats=1),
        ]
        rows = published(parts, {1: UUID(int=99)})
        assert [part.document_id for part in rows.parts] == [UUID(int=99)] * 2

    def test_a_depositor_does_not_learn_the_document_of_what_was_set_aside(self) -> None:
        """It has no name before two operators have decided on it."""
        rows = published([dicom_part(1, judgement=SET_ASIDE, record=None)])
        assert [(part.outcome, part.document_id) for part in rows.parts] == [("quarantined", None)]
        assert len(rows.documents) == 1


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ([dicom_part(1), dicom_part(2, judgement=REFUSED)], "published"),
        ([dicom_part(1, judgement=DUPLICATE), dicom_part(2, judgement=REFUSED)], "published"),
        (
            [dicom_part(1, judgement=SET_ASIDE, record=None), dicom_part(2, judgement=REFUSED)],
            "quarantined",
        ),
        ([dicom_part(1, judgement=REFUSED)], "rejected"),
        ([], "rejected"),
    ],
)
def test_a_submission_is_published_as_soon_as_one_part_is_kept_or_known(
    parts: list[InspectedPart], state: str
) -> None:
    assert published(parts).state == state
