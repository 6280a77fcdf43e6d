"""The headers of an envelope: their one form in JSON, that of 0.1.0, and what no intake writes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import canonical, parse
from content.person import Identifier, person
from ingestion.envelope import DICOM, PDF, Declared, Described, Payload, SubmissionHeaders
from records.errors import Invalid

WHO = person(
    [Identifier("277079999900167", oid="1.2.250.1.213.1.4.10")],
    family_names=["DURAND"],
    given_names=["Jeanne"],
    birth_date="1965-03-02",
    sex="F",
)
FHIR: dict[str, Any] = {"masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}}
STORED = {
    "kind": "dicom",
    "payload": "application/dicom+json",
    "study": "1.2.3",
    "answer_key": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
    "described": [["application/dicom+json", "", ""], ["image/jpeg", "1.2.840.10008.1.2.4.70", "http://x/1"]],
}
PUBLISHED = {
    "kind": "pdf",
    "document": {
        "type": "11488-4",
        "title": "Compte rendu",
        "date": "2026-11-01",
        "authors": ["Dr Martin"],
        "fhir": FHIR,
        "patients": [WHO.to_json()],
    },
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
DECLARED = st.builds(
    Declared,
    type_code=st.none() | TEXT,
    title=st.none() | TEXT,
    date=st.none() | TEXT,
    authors=st.lists(TEXT, max_size=3).map(tuple),
    fhir=st.none() | st.just(FHIR),
    patients=st.lists(st.just(WHO), max_size=2).map(tuple),
)
HEADERS = st.builds(
    SubmissionHeaders,
    kind=st.sampled_from([DICOM, PDF]),
    payload=st.none() | st.sampled_from(Payload),
    study=st.none() | TEXT,
    answer_key=st.none() | st.binary(min_size=32, max_size=32),
    described=st.lists(st.builds(Described, TEXT, TEXT, TEXT), max_size=4).map(tuple),
    document=st.none() | DECLARED,
    documents=st.lists(DECLARED, max_size=3).map(tuple),
)


SEVERAL = {"kind": "pdf", "documents": [PUBLISHED["document"], {**PUBLISHED["document"], "title": "Annexe"}]}


def test_what_was_declared_of_a_part_is_found_by_its_number() -> None:
    headers = SubmissionHeaders.of_json(SEVERAL)
    assert [headers.declared(part).title for part in (1, 2)] == ["Compte rendu", "Annexe"]
    assert SubmissionHeaders.of_json(PUBLISHED).declared(1).title == "Compte rendu"
    assert SubmissionHeaders.of_json(STORED).declared(7) == Declared()
    for unknown in (0, 3):
        with pytest.raises(Invalid) as caught:
            headers.declared(unknown)
        assert caught.value.code == "envelope_invalid"


@pytest.mark.parametrize("written", [STORED, PUBLISHED, SEVERAL, {"kind": "dicom"}])
def test_what_intake_writes_is_read_and_written_with_the_same_bytes(written: dict[str, Any]) -> None:
    headers = SubmissionHeaders.of_json(parse(canonical(written)))
    assert canonical(headers.to_json()) == canonical(written)


def test_a_store_request_is_read_into_types() -> None:
    headers = SubmissionHeaders.of_json(STORED)
    assert (headers.kind, headers.payload, headers.study) == ("dicom", Payload.JSON, "1.2.3")
    assert headers.answer_key == bytes([1]) * 32
    assert headers.described[1] == Described("image/jpeg", "1.2.840.10008.1.2.4.70", "http://x/1")
    assert headers.document is None


def test_a_document_has_its_identifier_and_its_persons() -> None:
    document = SubmissionHeaders.of_json(PUBLISHED).document
    assert document is not None
    assert (document.type_code, document.patients) == ("11488-4", (WHO,))
    assert document.identifier() == ["urn:ietf:rfc:3986", "urn:oid:1.2.3"]
    assert Declared(fhir={"masterIdentifier": {"value": "7"}}).identifier() == ["", "7"]
    assert Declared().identifier() is None


@pytest.mark.parametrize(
    ("received", "patients"),
    [
        ({"type": "11488-4", "title": None, "date": None}, ()),  # the first of 0.1.0 compared nobody
        ({"type": "11488-4", "title": None, "date": None, "patient": WHO.to_json()}, (WHO,)),
        ({"type": "11488-4", "title": None, "date": None, "patient": None}, ()),
        ({"type": "11488-4", "title": None, "date": None, "patients": []}, ()),
    ],
)
def test_what_0_1_0_received_is_read(received: dict[str, Any], patients: tuple[Any, ...]) -> None:
    document = SubmissionHeaders.of_json({"kind": "pdf", "document": received}).document
    assert document == Declared(type_code="11488-4", patients=patients)


def test_members_of_another_version_and_the_vaults_own_say_nothing() -> None:
    assert SubmissionHeaders.of_json({**STORED, "proof": {}, "later": [1]}) == SubmissionHeaders.of_json(
        STORED
    )


@given(HEADERS)
def test_whatever_is_written_is_read_again(headers: SubmissionHeaders) -> None:
    assert SubmissionHeaders.of_json(parse(canonical(headers.to_json()))) == headers


@pytest.mark.parametrize(
    "altered",
    [
        {"payload": "text/plain"},
        {"study": 3},
        {"answer_key": [1]},
        {"described": {}},
        {"described": [["a", "b", "c", "d"]]},
        {"described": [[1, "", ""]]},
        {"document": "x"},
        {"document": {"title": 3}},
        {"document": {"authors": "x"}},
        {"document": {"patients": ["x"]}},
        {"document": {"patients": [{"family_names": "x"}]}},
        {"document": {"patient": {"other_ids": [{"id": 1}]}}},
        {"document": {"patient": {"birth_date": 1965}}},
        {"document": {"fhir": []}},
        {"documents": {}},
        {"documents": ["x"]},
    ],
)
def test_what_no_intake_writes_is_refused_by_its_code(altered: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        SubmissionHeaders.of_json({**STORED, **altered})
    assert caught.value.code == "envelope_invalid"


def test_nobody_is_named_where_headers_are_shown() -> None:
    for shown in (SubmissionHeaders.of_json(PUBLISHED), SubmissionHeaders.of_json(STORED).described):
        assert not any(word in repr(shown) for word in ("DURAND", "Martin", "rendu", "http://x"))
