"""The rows that one submission adds to the index, from what the vault adopted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from ingestion.grouping import InspectedPart
from ingestion.outcomes import PartOutcome, submission_state
from ingestion.worker.packing import PackedGroup
from keyvault.crypto.search_tokens import TokenField, study_day
from keyvault.verbs.worker.adoption.adopt_request import Adopted, AdoptedDocument
from records.filters import day_of
from storage.rows.documents import Details, Document, Instance, Token
from storage.rows.publications import Publication
from storage.rows.submissions import PartVerdict

Value = tuple[TokenField, str]
Found = Mapping[Value, bytes]
Tokens = Callable[[Sequence[Value]], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class AdoptedGroup:
    """A packed group and what the vault answered for it."""

    packed: PackedGroup
    record_id: UUID
    document: AdoptedDocument
    structure: str
    """Whose submission it came in."""


def adopted_groups(packed: Sequence[PackedGroup], adopted: Adopted, structure: str) -> list[AdoptedGroup]:
    """The vault answers in the order it was asked."""
    pairs = zip(packed, adopted.documents, strict=True)
    return [AdoptedGroup(each, adopted.record_id, document, structure) for each, document in pairs]


def publication(
    submission_id: UUID,
    parts: Sequence[InspectedPart],
    duplicates: dict[int, UUID],
    groups: Sequence[AdoptedGroup],
    tokens: Tokens,
    now_ms: int,
    answer: bytes | None = None,
) -> Publication:
    """All rows of the one transaction that makes the submission visible."""
    # each value once, in one call: the vault makes tokens, since the key that they are made with stays there
    values = list(dict.fromkeys(token_values(groups)))
    found = dict(zip(values, tokens(values), strict=True)) if values else {}
    document_of = {
        part.number: each.document.document_id for each in groups for part in each.packed.group.parts
    }
    return Publication(
        state=submission_state(part.judgement.outcome for part in parts).value,
        finished_at=now_ms,
        parts=tuple(_part(part, document_of, duplicates) for part in parts),
        documents=tuple(_document(each, now_ms) for each in groups),
        details=tuple(_details(submission_id, each, now_ms) for each in groups),
        instances=tuple(row for each in groups for row in _instances(submission_id, each, found)),
        tokens=tuple(row for each in groups for row in _tokens(each, found)),
        answer=answer,
        deprecated=frozenset(each.document.replaced for each in groups if each.document.replaced),
        # all others of the submission are deleted at step 5: a blob left out here would be lost
        adopted=frozenset((blob.blob_id, blob.version) for each in groups for blob in each.packed.blobs),
    )


def token_values(groups: Sequence[AdoptedGroup]) -> Iterator[Value]:
    """What is searched by: each identifier of an instance or series, accession numbers and days."""
    for each in groups:
        for part in each.packed.group.parts:
            if part.is_dicom:
                yield from ((TokenField.SOP, part.dicom.sop), (TokenField.SERIES, part.dicom.series))
        yield from _of_study(each)


def _part(part: InspectedPart, document_of: dict[int, UUID], duplicates: dict[int, UUID]) -> PartVerdict:
    judgement = part.judgement
    # a part that repeats another one of this submission names the document of that one
    first = part.repeats or part.number
    shown = {
        PartOutcome.PUBLISHED: document_of.get(part.number),
        PartOutcome.DUPLICATE: duplicates.get(first) or document_of.get(first),
    }
    return PartVerdict(
        number=part.number,
        outcome=judgement.outcome.value,
        code=judgement.code,
        reason=judgement.reason,
        document_id=shown.get(judgement.outcome),
    )


def _document(each: AdoptedGroup, now_ms: int) -> Document:
    return Document(
        document_id=each.document.document_id,
        record_id=each.record_id,
        kind=each.packed.group.kind,
        state=each.document.state.value,
        study_token=each.document.study_token,
        created_at=now_ms,
        updated_at=now_ms,
    )


def _details(submission_id: UUID, each: AdoptedGroup, now_ms: int) -> Details:
    return Details(
        document_id=each.document.document_id,
        row_version=each.document.row_version,
        submission_id=submission_id,
        sealed=each.document.sealed,
        created_at=now_ms,
        rendered=each.packed.rendered,
    )


def _instances(submission_id: UUID, each: AdoptedGroup, found: Found) -> list[Instance]:
    return [_instance(submission_id, each, part, found) for part in each.packed.group.parts]


def _instance(submission_id: UUID, each: AdoptedGroup, part: InspectedPart, found: Found) -> Instance:
    dicom = part.dicom if part.is_dicom else None
    return Instance(
        document_id=each.document.document_id,
        submission_id=submission_id,
        part=part.number,
        sop_token=found[TokenField.SOP, dicom.sop] if dicom else None,
        series_token=found[TokenField.SERIES, dicom.series] if dicom else None,
        blob_id=each.packed.pack.blob_id,
        version=each.packed.pack.version,
        offset=each.packed.offsets[part.number],
        length=part.length,
    )


def _of_study(each: AdoptedGroup) -> Iterator[Value]:
    """What a study is found by: its accession number, and to its depositor the day; nothing in quarantine."""
    first = each.packed.group.parts[0]
    if not first.is_dicom or each.packed.group.record is None:
        return
    attributes = first.dicom.study_attributes
    if attributes.accession:
        yield TokenField.ACCESSION, attributes.accession
    day = day_of(attributes.date)
    if day is not None and each.structure:
        yield TokenField.STUDY_DAY, study_day(each.structure, day)


def _tokens(each: AdoptedGroup, found: Found) -> list[Token]:
    return [
        Token(document_id=each.document.document_id, field=name.value, token=found[name, value])
        for name, value in _of_study(each)
    ]
