"""Lists show of a document what its newest submission says, in whatever order its rows were adopted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from keyvault.verbs.rows import SeenDocument
from records.documents.details import DocumentDetails, StudyDetails
from records.documents.summaries import summary_of
from records.fhir.addresses import Addresses
from records.fhir.resources.document_references import DocumentReferences
from records.imaging.items import study_attributes
from records.imaging.studies import ImagingDocument, Study
from records.text.languages import FRENCH
from tests.unit.records.factories import REPORT
from viewer_api.presenting import document_json
from viewer_api.summarising import summarised
from viewer_api.web.texts import Texts
from viewer_api.web.words import document_view

JOINED_MEANWHILE, MERGED = "Scanner, relu", "Scanner"
DESCRIPTION = "00081030"
RECORD = UUID(int=9)


def a_row(title: str, received: int) -> DocumentDetails:
    described = {DESCRIPTION: {"vr": "LO", "Value": [title]}}
    return DocumentDetails(
        kind="study", title=title, received=received, study=StudyDetails(uid="1.2", attributes=described)
    )


def compacted() -> SeenDocument:
    """A study of which a job merged the oldest submissions: the highest version, and an older instant."""
    rows = (a_row(JOINED_MEANWHILE, received=200), a_row(MERGED, received=100))
    return SeenDocument(REPORT.document_id, RECORD, replace(REPORT, kind="study"), 100_000, rows)


def of_study(document: SeenDocument) -> Any:
    made = ImagingDocument(document.document_id, "", 0, summary_of(document.details))
    return study_attributes(Study((made,)))[DESCRIPTION]["Value"][0]


def as_reference(document: SeenDocument) -> dict[str, Any]:
    return DocumentReferences(Addresses("https://coffre.test"), RECORD).shown(summarised(document))


SHOWN: dict[str, Callable[[SeenDocument], Any]] = {
    "documents": lambda document: document_json(summarised(document))["title"],
    "DocumentReference": lambda document: as_reference(document)["content"][0]["attachment"]["title"],
    "studies": of_study,
    "page": lambda document: document_view(summarised(document), Texts(FRENCH), ()).title,
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=list(SHOWN))
def test_merging_older_submissions_changes_no_title(shown: Callable[[SeenDocument], Any]) -> None:
    assert shown(compacted()) == JOINED_MEANWHILE
