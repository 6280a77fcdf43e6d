"""Versions of own information: which counts now, what was before, and how a reader is shown one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from records.documents.details import EntryDetails, FileDetails
from records.documents.listed import ListedDocument
from records.documents.summaries import DocumentSummary
from records.errors import NotFound
from records.profile.versions import current, history, shown_version, versions_of
from records.vocabulary.codes import DocumentState
from tests.own_information import EVERY_KIND, allergy, blood_group
from tests.unit.records.factories import REPORT

RECORD, FIRST, SECOND = uuid4(), uuid4(), uuid4()


def listed(
    document_id: UUID,
    resource: Mapping[str, Any] | None,
    *,
    of: UUID | None = None,
    state: DocumentState = DocumentState.APPROVED,
) -> ListedDocument:
    """A document that holds this version of the entry that began with `of`; without a resource, a file."""
    entry = None if resource is None else EntryDetails(resource, of)
    facts = replace(REPORT, document_id=document_id, type_code="DOCPAT08", state=state)
    return ListedDocument(
        document_id, facts, 1_760_000_000_000, DocumentSummary(file=FileDetails(entry=entry))
    )


def test_a_file_of_the_same_type_is_no_version() -> None:
    study = ListedDocument(uuid4(), REPORT, 0, DocumentSummary())
    assert versions_of([listed(FIRST, None), study]) == ()


def test_what_todays_rules_do_not_know_is_no_version() -> None:
    assert versions_of([listed(FIRST, {"resourceType": "Basic"})]) == ()


def test_an_entry_is_known_by_its_first_version_and_what_was_replaced_is_history() -> None:
    documents = [
        listed(SECOND, allergy(), of=FIRST),
        listed(FIRST, allergy(), state=DocumentState.DEPRECATED),
        listed(uuid4(), blood_group()),
    ]
    versions = versions_of(documents)
    assert [each.document_id for each in history(versions, FIRST)] == [SECOND, FIRST]
    assert [each.is_former for each in history(versions, FIRST)] == [False, True]
    assert FIRST not in {each.document_id for each in current(versions)}
    assert len(current(versions)) == 2


def test_an_entry_that_nobody_may_see_has_no_history() -> None:
    with pytest.raises(NotFound):
        history(versions_of([listed(FIRST, allergy())]), SECOND)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_it_is_shown_with_whose_it_is_and_that_the_patient_says_so(kind: str) -> None:
    (version,) = versions_of([listed(SECOND, EVERY_KIND[kind], of=FIRST)])  # type: ignore[index]
    shown = shown_version(version, RECORD)
    assert version.kind == kind
    assert shown["resourceType"] == EVERY_KIND[kind]["resourceType"]  # type: ignore[index]
    assert (shown["id"], shown["meta"]["versionId"]) == (str(FIRST), str(SECOND))
    assert shown["meta"]["security"][0]["code"] == "PATAST"
    assert {"reference": f"Patient/{RECORD}"} in (shown.get("patient"), shown.get("subject"))
