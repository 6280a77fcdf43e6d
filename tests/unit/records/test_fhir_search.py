"""A search as it is asked: what it names, what facts leave out, which studies a document is about."""

from dataclasses import replace
from uuid import UUID

import pytest

from records.documents.details import FileDetails
from records.documents.facts import Kind
from records.documents.listed import ListedDocument
from records.documents.summaries import DocumentSummary, SeriesSummary
from records.errors import Invalid
from records.fhir.addresses import Addresses
from records.fhir.resources.submission_sets import SubmissionSet, record_and_submission, set_id
from records.fhir.search.fhir_search import (
    DOCUMENT,
    IMAGING_STUDY,
    FhirSearch,
    Resources,
    set_search,
)
from records.fhir.search.study_links import related_tokens, share, tokens_of_study, with_studies
from records.fhir.wording import operation_outcome, record_named_by
from tests.unit.records.factories import REPORT

RECORD = UUID("0190b3a0-0000-7000-8000-00000000000a")
ONE, TWO = UUID(int=1), UUID(int=2)
SUBMISSION = UUID("0190b3a0-0000-7000-8000-00000000000b")
STUDY_UID = "1.2.840.113619.2.1"


def search(kind: str, *asked: tuple[str, str]) -> FhirSearch:
    return FhirSearch(kind, asked)


class TestWhatIsNamed:
    def test_documents_by_id_in_their_order_once(self) -> None:
        asked = search(DOCUMENT, ("_id", f"{TWO},{ONE},urn:x|{TWO},no-id"))
        assert asked.named == (TWO, ONE)

    def test_without_id_any_may_be_meant(self) -> None:
        assert search(DOCUMENT, ("status", "current")).named is None

    def test_a_set_by_its_submission(self) -> None:
        assert set_search(set_id(RECORD, SUBMISSION)).named == (SUBMISSION,)
        assert record_and_submission(set_id(RECORD, SUBMISSION)) == (RECORD, SUBMISSION)
        with pytest.raises(ValueError):
            record_and_submission("short")

    @pytest.mark.parametrize(
        "text", [str(ONE), f"ImagingStudy/{ONE}", f"https://host.example/fhir/ImagingStudy/{ONE}/"]
    )
    def test_a_study_to_which_documents_belong(self, text: str) -> None:
        assert search(DOCUMENT, ("related", text)).named_studies == (ONE,)

    def test_what_is_no_study_names_none(self) -> None:
        assert search(DOCUMENT, ("related", f"Binary/{ONE},?")).named_studies == ()


class TestWhatFactsLeaveOut:
    def test_types_where_each_alternative_names_a_code(self) -> None:
        wanted = search(DOCUMENT, ("type", "http://loinc.org|18748-4,11502-2")).wanted
        assert wanted.type_codes == {"18748-4", "11502-2"}
        assert search(DOCUMENT, ("type", "http://loinc.org|,11502-2")).wanted.type_codes == frozenset()

    def test_studies_alone_where_they_are_asked_for(self) -> None:
        assert search(IMAGING_STUDY).wanted.kinds == {"study"}
        assert search(DOCUMENT).wanted.kinds == frozenset()

    def test_every_condition_is_kept_with_its_modifier(self) -> None:
        asked = search(DOCUMENT, ("status:not", "superseded"), ("event:missing", "true"))
        assert all(each({"status": "current"}) for each in asked.conditions)
        assert not all(each({"status": "superseded"}) for each in asked.conditions)
        with pytest.raises(Invalid):
            _ = search(DOCUMENT, ("date", "soon")).conditions


def listed(document: UUID, summary: DocumentSummary, kind: Kind = "document") -> ListedDocument:
    facts = replace(REPORT, document_id=document, kind=kind)
    return ListedDocument(document, facts, 1_700_000_000_000, summary, "1750000001")


A_STUDY = DocumentSummary(
    title="CT",
    study_uid=STUDY_UID,
    date="2024-03-31",
    attributes={"00080050": {"vr": "SH", "Value": ["ACC1"]}},
    series=(
        SeriesSummary(uid="1.2.3.1", modality="CT", instances=3),
        SeriesSummary(uid="1.2.3.2", instances=2),
    ),
)


class TestStudiesThatADocumentIsAbout:
    def test_by_uid_or_order(self) -> None:
        tokens = {value for _, value in tokens_of_study(listed(ONE, A_STUDY, "study"))}
        assert {STUDY_UID, f"urn:oid:{STUDY_UID}", "ACC1"} <= tokens

    def test_it_then_names_them_once(self) -> None:
        studies = {ONE: tokens_of_study(listed(ONE, A_STUDY, "study"))}
        report = {"context": {"related": [{"identifier": {"value": "ACC1"}}]}}
        named = with_studies(report, studies)
        assert named["context"]["related"][-1] == {"reference": f"ImagingStudy/{ONE}", "type": "ImagingStudy"}
        assert with_studies(named, studies) == named
        assert with_studies({"id": "x"}, studies) == {"id": "x"}

    def test_the_same_number_of_another_system_is_another_number(self) -> None:
        assert share([("urn:a", "1")], {("urn:a", "1")})
        assert share([(None, "1")], {("urn:a", "1")})
        assert not share([("urn:b", "1")], {("urn:a", "1")})
        assert not share([(None, "2")], {("urn:a", "1")})
        assert related_tokens({}) == frozenset()


class TestResources:
    def test_a_study_counts_its_series_and_images(self) -> None:
        made = Resources(Addresses("https://host.example"), RECORD)
        shown = made.of(IMAGING_STUDY, listed(ONE, A_STUDY, "study"), {})
        assert (shown["numberOfSeries"], shown["numberOfInstances"]) == (2, 5)
        assert shown["started"] == "2024-03-31"
        assert [each["uid"] for each in shown["series"]] == ["1.2.3.1", "1.2.3.2"]
        assert shown["subject"] == {"reference": f"Patient/{RECORD}"}

    def test_a_set_names_its_documents_and_who_sent_them(self) -> None:
        made = Resources(Addresses("https://host.example"), RECORD)
        shown = made.of_set(SubmissionSet(SUBMISSION, (listed(ONE, A_STUDY, "study"),)))
        assert shown["id"] == set_id(RECORD, SUBMISSION)
        assert shown["entry"] == [{"item": {"reference": f"DocumentReference/{ONE}"}}]
        assert shown["source"]["identifier"]["value"] == "1750000001"
        assert shown["date"].startswith("2024-07-14T23:42:05")

    def test_a_report_says_what_its_sender_said(self) -> None:
        made = Resources(Addresses("https://host.example"), RECORD)
        sent = {
            "masterIdentifier": {"value": "urn:oid:1.2.3"},
            "date": "2024-03-31T09:30:00+02:00",
            "author": [{"display": "Dupré, Hélène"}],
            "content": [{"attachment": {"language": "fr-FR", "creation": "2024-03-30"}}],
            "context": {"practiceSetting": {"coding": [{"code": "ETABLISSEMENT"}]}},
        }
        file = FileDetails(size=1234, fhir=sent)
        shown = made.of(
            DOCUMENT, listed(TWO, DocumentSummary(title="CR", media_type="application/pdf", file=file)), {}
        )
        assert shown["masterIdentifier"] == {"value": "urn:oid:1.2.3"}
        assert shown["date"] == "2024-03-31T09:30:00+02:00"
        assert shown["context"] == sent["context"]
        assert shown["content"][0]["attachment"] == {
            "contentType": "application/pdf",
            "language": "fr-FR",
            "url": f"https://host.example/fhir/Binary/{TWO}",
            "size": 1234,
            "title": "CR",
            "creation": "2024-03-30",
        }
        assert made.of_set(SubmissionSet(SUBMISSION, (listed(TWO, DocumentSummary(file=file)),)))[
            "source"
        ] == {
            "type": "Practitioner",
            "display": "Dupré, Hélène",
        }

    def test_a_study_as_a_document_is_retrieved_by_dicomweb(self) -> None:
        made = Resources(Addresses("https://host.example"), RECORD)
        shown = made.of(DOCUMENT, listed(ONE, A_STUDY, "study"), {})
        assert shown["content"][0]["attachment"]["url"] == (
            f"https://host.example/records/{RECORD}/dicomweb/studies/{STUDY_UID}"
        )
        assert shown["context"]["period"] == {"start": "2024-03-31", "end": "2024-03-31"}
        assert [each["type"] for each in shown["context"]["related"]] == ["ImagingStudy", "ServiceRequest"]


class TestHowASearchNamesItsPatient:
    def test_by_reference_or_by_ins(self) -> None:
        assert record_named_by("patient", f"Patient/{RECORD}") == str(RECORD)
        assert record_named_by("patient", str(RECORD)) == str(RECORD)
        oid = "1.2.250.1.213.1.4.10"
        assert (
            record_named_by("patient.identifier", f"urn:oid:{oid}|277076322082910")
            == f"277076322082910|{oid}"
        )
        assert record_named_by("patient.identifier", "277076322082910") == "277076322082910"

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("patient", "277076322082910"),
            ("patient.identifier", "|277076322082910"),
            ("patient.identifier", "1,2"),
        ],
    )
    def test_anything_else_is_refused_without_being_told(self, name: str, text: str) -> None:
        with pytest.raises(Invalid) as refused:
            record_named_by(name, text)
        assert refused.value.code == "bad_query"
        assert text not in str(refused.value)

    def test_a_refusal_has_our_code(self) -> None:
        issue = operation_outcome("bad_query", "Say it otherwise.")["issue"][0]
        assert issue["details"]["coding"][0]["code"] == "bad_query"
        assert (issue["severity"], issue["code"]) == ("error", "processing")
