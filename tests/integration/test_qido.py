"""QIDO-RS as viewers ask it: levels, matching, paging, and what is not said to whom."""

from io import BytesIO
from typing import Any
from urllib.parse import quote

import httpx
import pydicom
import pytest

from coffre.demonstration.files import data as demo_data
from records.imaging.attributes import BY_NAME, MADE_LAST
from records.people.identity import INS_NIR_TEST
from tests.integration.support import HOSPITAL, STRANGER, Coffre, Patient, bearer, new_ins, problem

STUDY_UID, SERIES_UID, SOP_UID = "0020000D", "0020000E", "00080018"
FIRST, SECOND = 41, 42  # seeds


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    """Two CT studies of three and two slices, and an ultrasound."""
    patient = coffre.open_record()
    lab = coffre.depositor()
    _, ultrasound = demo_data.ultrasound(patient.ins, INS_NIR_TEST)
    for parts in (
        patient.ct(slices=3, size=16, seed=FIRST),
        patient.ct(slices=2, size=16, seed=SECOND),
        [ultrasound],
    ):
        assert coffre.stow(lab, parts, patient.ins).status_code == 200
    return patient


@pytest.fixture(scope="module")
def ct_uids(person: Patient) -> list[str]:
    return sorted(first(study, STUDY_UID) for study in studies(person, "ModalitiesInStudy=CT"))


def first(item: dict[str, Any], tag: str) -> Any:
    return item[tag]["Value"][0]


def ask(person: Patient, query: str = "", below: str = "") -> httpx.Response:
    return person.call("GET", f"/dicomweb/studies{below}" + (f"?{query}" if query else ""))


def studies(person: Patient, query: str = "", below: str = "") -> list[dict[str, Any]]:
    answer = ask(person, query, below)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/dicom+json"
    found: list[dict[str, Any]] = answer.json()
    return found


class TestLevels:
    def test_studies_carry_what_the_table_requires(self, person: Patient) -> None:
        """PS3.18 table 10.6.3-3."""
        found = studies(person)
        assert len(found) == 3
        ct = next(study for study in found if first(study, "00201208") == 3)
        assert first(ct, "00080020") == "20260105"
        assert first(ct, "00080030").startswith("0930")
        assert first(ct, "00080050") == demo_data.ACCESSION
        assert first(ct, "00080061") == "CT"
        assert first(ct, "00100020") == person.ins
        assert first(ct, "00100010")["Alphabetic"].startswith(demo_data.PATIENT.family_name)
        assert first(ct, "00100030") == "19770701"
        assert first(ct, "00100040") == "F"
        assert first(ct, "00200010") == "4217"
        assert first(ct, "00201206") == 1
        assert all("vr" in attribute for attribute in ct.values())

    def test_series_of_a_study(self, person: Patient, ct_uids: list[str]) -> None:
        (series,) = studies(person, below=f"/{ct_uids[0]}/series")
        assert first(series, "00080060") == "CT"
        assert first(series, STUDY_UID) == ct_uids[0]
        assert first(series, "00200011") == 2
        assert first(series, "00201209") in (2, 3)

    def test_instances_of_a_study_and_of_a_series(self, person: Patient, ct_uids: list[str]) -> None:
        for study in ct_uids:
            (series,) = studies(person, below=f"/{study}/series")
            uid = first(series, SERIES_UID)
            of_study = studies(person, below=f"/{study}/instances")
            of_series = studies(person, below=f"/{study}/series/{uid}/instances")
            assert of_study == of_series
            assert len(of_study) == first(series, "00201209")
            for instance in of_study:
                assert first(instance, "00080016") == "1.2.840.10008.5.1.4.1.1.2"
                assert (first(instance, "00280010"), first(instance, "00280011")) == (16, 16)
                assert first(instance, SERIES_UID) == uid

    def test_series_and_instances_of_all_studies(self, person: Patient, ct_uids: list[str]) -> None:
        """PS3.18 table 10.6.1-1: they come with the attributes of the levels above."""
        every = person.call("GET", "/dicomweb/series").json()
        assert len(every) == 3
        assert all(first(each, "0020000D") and first(each, "00100020") == person.ins for each in every)
        (one,) = person.call("GET", f"/dicomweb/series?StudyInstanceUID={ct_uids[0]}&Modality=CT").json()
        assert first(one, "00081030") and first(one, STUDY_UID) == ct_uids[0]
        instances = person.call("GET", "/dicomweb/instances?ModalitiesInStudy=CT").json()
        assert len(instances) == 5
        assert {first(each, "00080060") for each in instances} == {"CT"}
        wanted = first(instances[3], SOP_UID)
        assert person.call("GET", f"/dicomweb/instances?SOPInstanceUID={wanted}").json() == [instances[3]]
        pages = [
            each
            for offset in range(0, 5, 2)
            for each in person.call(
                "GET", f"/dicomweb/instances?ModalitiesInStudy=CT&limit=2&offset={offset}"
            ).json()
        ]
        assert pages == instances
        assert person.call("GET", "/dicomweb/instances?SeriesDescription=none").json() == []

    def test_each_item_says_where_it_is_retrieved(self, person: Patient, ct_uids: list[str]) -> None:
        """An absolute address without an identity in it, whatever the record was named by."""
        (instance, *_) = studies(person, below=f"/{ct_uids[0]}/instances")
        series, sop = first(instance, SERIES_UID), first(instance, SOP_UID)
        root = f"{person.coffre.url}/records/{person.public_id}/dicomweb/studies/{ct_uids[0]}"
        assert first(instance, "00081190") == f"{root}/series/{series}/instances/{sop}"
        assert (
            first(studies(person, below=f"/{ct_uids[0]}/series")[0], "00081190") == f"{root}/series/{series}"
        )
        (study,) = studies(person, f"StudyInstanceUID={ct_uids[0]}")
        assert first(study, "00081190") == root

    def test_fields_of_the_levels_above_are_included_where_they_are_asked(
        self, person: Patient, ct_uids: list[str]
    ) -> None:
        below = f"/{ct_uids[0]}/series"
        assert "00081030" not in studies(person, below=below)[0]
        for query in (
            "includefield=StudyDescription",
            "includefield=00100010%2C00081030",
            "includefield=all",
        ):
            assert "00081030" in studies(person, query, below)[0], query

    def test_a_study_that_is_not_there_is_404_at_every_level(self, person: Patient) -> None:
        for below in ("/1.2.3/series", "/1.2.3/instances", "/1.2.3/series/1.2.3.4/instances"):
            answer = ask(person, below=below)
            assert (answer.status_code, problem(answer)) == (404, "no_such_document")

    def test_a_series_that_is_not_there_has_no_instances(self, person: Patient, ct_uids: list[str]) -> None:
        assert studies(person, below=f"/{ct_uids[0]}/series/1.2.3/instances") == []


class TestForms:
    """PS3.18 section 8.7.3: what cannot be answered is 406, and no other form is given in its place."""

    @pytest.mark.parametrize(
        ("query", "header", "form"),
        [
            ("", "application/dicom+json", "application/dicom+json"),
            ("", "application/json", "application/json"),
            ("", "application/dicom+json;q=0.1, application/json", "application/json"),
            ("", "multipart/related; type=application/dicom+xml, */*;q=0.1", "application/dicom+json"),
            ("accept=application/json", "application/dicom+xml", "application/json"),
        ],
    )
    def test_the_form_is_the_one_that_is_accepted_most(
        self, coffre: Coffre, person: Patient, query: str, header: str, form: str
    ) -> None:
        headers = {**bearer(person.token), "Accept": header}
        address = f"/records/{person.ins}/dicomweb/studies?{query}"
        answer = coffre.http.get(address, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, form)
        assert len(answer.json()) == 3

    @pytest.mark.parametrize("level", ["studies", "series", "instances"])
    def test_what_cannot_be_answered_is_406(self, coffre: Coffre, person: Patient, level: str) -> None:
        for header, status, code in (
            ('multipart/related; type="application/dicom+xml"', 406, "not_acceptable"),
            ("application/dicom+json;q=0", 406, "not_acceptable"),
            ("json", 400, "bad_accept"),
        ):
            for root in (f"/records/{person.ins}/dicomweb", "/dicomweb"):
                headers = {**bearer(person.token), "Accept": header}
                answer = coffre.http.get(f"{root}/{level}", headers=headers)
                assert (answer.status_code, problem(answer)) == (status, code)


class TestMatching:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("StudyDate=20260105", 2),
            ("00080020=20260105", 2),
            ("StudyDate=20260101-20260131", 2),
            ("StudyDate=20260105-", 2),
            ("StudyDate=-20260105", 3),
            ("StudyDate=20270101-", 0),
            ("StudyDate=19990101-19990102", 0),
            (f"AccessionNumber={demo_data.ACCESSION}", 2),
            ("AccessionNumber=RX26*", 2),
            ("AccessionNumber=RX26-00421?", 2),
            ("AccessionNumber=rx26-004217", 2),
            ("AccessionNumber=RX26", 0),
            ("AccessionNumber=[RX]*", 0),
            ("StudyDescription=*thoracique*", 2),
            ("StudyDescription=" + quote("Scanner thoracique sans injection"), 2),
            ("StudyDescription=*", 3),
            ("StudyID=*", 3),
            ("StudyDescription=", 3),
            ("ModalitiesInStudy=US", 1),
            ("ModalitiesInStudy=CT,US", 3),
            ("ModalitiesInStudy=MR", 0),
            ("PatientName=LEF*", 3),
            ("PatientName=" + quote("LEFÈVRE*"), 3),
            ("PatientID=whatever-the-viewer-sends", 3),
            ("fuzzymatching=true&PatientName=*", 3),
            ("ModalitiesInStudy=CT&StudyDate=20260105&AccessionNumber=RX*", 2),
            ("StudyTime=0930", 2),
            ("StudyTime=0900-1000", 2),
            ("StudyTime=0931-1200", 0),
            ("StudyDate=20260104-20260106&StudyTime=2000-0800", 2),
            ("StudyDate=20260105-20260106&StudyTime=0931-0800", 0),
            ("PatientBirthDate=19770701", 3),
            ("PatientBirthDate=-19700101", 0),
            ("PatientSex=F", 3),
            ("PatientSex=M", 0),
            ("NumberOfStudyRelatedInstances=3", 1),
            ("ModalitiesInStudy=CT&ModalitiesInStudy=US", 3),
            # what OHIF sends
            (
                "limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060%2C00080090%2C00100030",
                3,
            ),
            ("limit=101&offset=0&fuzzymatching=false&includefield=00081030&PatientName=*LEF*", 3),
            ("00100020=anything&limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060", 3),
            ("ModalitiesInStudy=US&StudyDate=20260105", 0),
        ],
    )
    def test_studies_are_matched_by_keyword_or_tag(self, person: Patient, query: str, found: int) -> None:
        assert len(studies(person, query)) == found

    @pytest.mark.parametrize("separator", [",", "%2C", "\\", "%5C"])
    def test_lists_of_uids(self, person: Patient, ct_uids: list[str], separator: str) -> None:
        for keyword in ("StudyInstanceUID", "0020000D", "0020000d"):
            found = studies(person, f"{keyword}={separator.join(ct_uids)}")
            assert sorted(first(study, STUDY_UID) for study in found) == ct_uids
        assert len(studies(person, f"StudyInstanceUID={ct_uids[0]}")) == 1
        assert studies(person, "StudyInstanceUID=1.2.3") == []

    def test_repeated_uids_are_alternatives(self, person: Patient, ct_uids: list[str]) -> None:
        """PS3.18 section 8.3.4.1, PS3.4 section C.2.2.2.2."""
        first_one, second_one = ct_uids
        for query in (
            f"StudyInstanceUID={first_one}&StudyInstanceUID={second_one}",
            f"StudyInstanceUID={first_one}&0020000D={second_one},1.2.3",
        ):
            assert sorted(first(study, STUDY_UID) for study in studies(person, query)) == ct_uids

    def test_whatever_an_answer_holds_can_be_searched_by(self, person: Patient, ct_uids: list[str]) -> None:
        """By tag and by keyword, at its level and below."""
        study = ct_uids[0]
        series_uid = first(studies(person, below=f"/{study}/series")[0], SERIES_UID)
        levels = ("", f"/{study}/series", f"/{study}/series/{series_uid}/instances")
        held: dict[str, Any] = {}
        for below in levels:
            held |= next(i for i in studies(person, below=below) if first(i, STUDY_UID) == study)
            for tag, element in held.items():
                for value in () if tag in MADE_LAST else element.get("Value", ()):
                    text = quote(value["Alphabetic"] if isinstance(value, dict) else str(value))
                    for name in (tag, BY_NAME[tag].keyword):
                        assert studies(person, f"{name}={text}", below), (name, below)
                    if element["vr"] in ("DA", "TM"):
                        assert studies(person, f"{tag}={text}-{text}", below), (tag, below)

    def test_the_request_of_a_series_is_kept_and_found(self, coffre: Coffre) -> None:
        """PS3.18 table 10.6.3-4."""
        patient = coffre.open_record()
        dataset = pydicom.dcmread(BytesIO(patient.ct(slices=1, size=16)[0]))
        item = pydicom.Dataset()
        item.ScheduledProcedureStepID, item.RequestedProcedureID = "SPS1", "RP7"
        item.RequestedProcedureDescription = "beyond what a list needs"
        dataset.RequestAttributesSequence = [item]
        written = BytesIO()
        dataset.save_as(written)
        assert coffre.stow(coffre.depositor(), [written.getvalue()], patient.ins).status_code == 200
        below = f"/{dataset.StudyInstanceUID}/series"
        (series,) = studies(patient, "RequestAttributesSequence.RequestedProcedureID=RP*", below)
        assert first(series, "00400275") == {
            "00400009": {"vr": "SH", "Value": ["SPS1"]},
            "00401001": {"vr": "SH", "Value": ["RP7"]},
        }
        assert studies(patient, "00400275.00400009=SPS1", below) == [series]
        assert studies(patient, "00400275.00400009=SPS2", below) == []

    def test_what_is_not_done_as_asked_is_said(self, person: Patient) -> None:
        """PS3.18 section 8.3.4: what isn't supported is ignored, and a header tells it."""
        every = studies(person)
        for query in ("Nonsense=1", "Modality=MR", "includefield=InstitutionName"):
            answer = ask(person, query)
            assert answer.json() == every
            name = query.removeprefix("includefield=").partition("=")[0]
            assert answer.headers["warning"] == (
                f'299 coffre "These attributes are not kept, or not at this level, and were ignored: {name}."'
            )
        assert "warning" not in ask(person, "fuzzymatching=false").headers

    def test_names_are_found_in_other_spellings_where_that_is_asked(self, person: Patient) -> None:
        """PS3.18 section 8.3.4.2. The patient is LEFÈVRE-MÛRIER^Éléonore."""
        for text in ("lefevre", "MURIER^ELEONORE", "eleonore lefevre", "LEF*", "Lefèvre Mûrier"):
            answer = ask(person, f"fuzzymatching=true&PatientName={quote(text)}")
            assert len(answer.json()) == 3, text
            assert "warning" not in answer.headers
        assert studies(person, "fuzzymatching=true&PatientName=DUPONT") == []
        assert studies(person, "fuzzymatching=false&PatientName=lefevre") == []

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            (
                "StudyDate=hier",
                "The parameter StudyDate is a date YYYYMMDD, or a range: from-to, from- or -to.",
            ),
        ],
    )
    def test_a_refusal_names_the_parameter(self, person: Patient, query: str, sentence: str) -> None:
        assert ask(person, query).json()["detail"] == sentence

    def test_instances_are_matched(self, person: Patient, ct_uids: list[str]) -> None:
        below = f"/{ct_uids[0]}/instances"
        all_of_them = studies(person, below=below)
        (one,) = studies(person, "InstanceNumber=1", below)
        assert one in all_of_them
        wanted = first(all_of_them[0], SOP_UID)
        assert studies(person, f"SOPInstanceUID={wanted}", below) == all_of_them[:1]

    @pytest.mark.parametrize(
        "query",
        [
            "00100x20=1",
            "includefield=00100x20",
            "limit=x",
            "limit=-1",
            "limit=1.5",
            "limit=" + "9" * 5000,
            "offset=-1",
            "offset=" + "9" * 30,
        ],
    )
    def test_a_search_that_is_none_is_400(self, person: Patient, query: str) -> None:
        answer = ask(person, query)
        assert (answer.status_code, problem(answer)) == (400, "bad_query")

    def test_patterns_of_stars_cost_nothing(self, person: Patient) -> None:
        import time

        started = time.monotonic()
        studies(person, "StudyDescription=" + "*a" * 15 + "*b")
        assert time.monotonic() - started < 5


class TestPages:
    def test_pages_join_to_the_whole(self, person: Patient) -> None:
        whole = studies(person)
        pages = [study for offset in range(3) for study in studies(person, f"limit=1&offset={offset}")]
        assert pages == whole
        assert studies(person, "limit=2") == whole[:2]
        assert studies(person, "offset=2") == whole[2:]
        assert studies(person, "offset=3") == []
        assert studies(person, "limit=0") == []
        assert studies(person, "limit=999999999") == whole

    def test_a_link_leads_from_page_to_page(self, person: Patient) -> None:
        """RFC 8288; the filter stays, and the last page has none."""
        whole = studies(person, "StudyDescription=*")
        found, address = [], "/dicomweb/studies?StudyDescription=%2A&limit=1"
        answer = person.call("GET", address)
        while True:
            found += answer.json()
            if "link" not in answer.headers:
                break
            address, _, relation = answer.headers["link"].partition(">; ")
            assert relation == 'rel="next"' and person.ins not in address
            answer = httpx.get(address.removeprefix("<"), headers=bearer(person.token))
        assert found == whole

    @pytest.mark.parametrize(
        "query",
        [
            "includefield=all",
            "includefield=00081030",
            "includefield=StudyDescription,00100010",
            "includefield=StudyDescription%2C00100010",
            "includefield=00081030&includefield=00100010",
            "includefield=",
        ],
    )
    def test_included_fields_are_there(self, person: Patient, query: str) -> None:
        found = studies(person, query + "&ModalitiesInStudy=CT")
        assert {first(study, "00081030") for study in found} == {"Scanner thoracique sans injection"}


class TestWhoMayAsk:
    def test_without_right_403_under_the_record_and_nothing_across_records(
        self, coffre: Coffre, person: Patient
    ) -> None:
        stranger, absent = coffre.professional(STRANGER), new_ins()
        for name in (person.ins, str(person.public_id), absent):
            answer = coffre.http.get(f"/records/{name}/dicomweb/studies", headers=bearer(stranger))
            assert (answer.status_code, problem(answer)) == (403, "not_authorised")
            across = coffre.http.get(f"/dicomweb/studies?PatientID={name}", headers=bearer(stranger))
            assert (across.status_code, across.json()) == (200, [])

    @pytest.mark.parametrize("query", ["", "PatientID=", "PatientID=1", "PatientID=*", "PatientName=LEF*"])
    def test_across_records_only_a_named_patient_is_searched(
        self, coffre: Coffre, person: Patient, query: str
    ) -> None:
        answer = coffre.http.get(f"/dicomweb/studies?{query}", headers=bearer(person.token))
        assert (answer.status_code, answer.json()) == (200, [])

    def test_across_records_the_named_patient_is_found_by_who_may(
        self, coffre: Coffre, person: Patient
    ) -> None:
        for keyword in ("PatientID", "00100020"):
            answer = coffre.http.get(
                f"/dicomweb/studies?{keyword}={person.ins}", headers=bearer(person.token)
            )
            assert answer.json() == studies(person)

    def test_without_token_401(self, coffre: Coffre, person: Patient) -> None:
        for path in ("/dicomweb/studies", f"/records/{person.ins}/dicomweb/studies"):
            assert coffre.http.get(path).status_code == 401

    def test_masked_studies_are_neither_listed_nor_counted_nor_found(self, coffre: Coffre) -> None:
        patient = coffre.open_record()
        coffre.stow(coffre.depositor(), patient.ct(slices=1, size=16), patient.ins)
        doctor = coffre.professional("899700021210")
        patient.authorise("899700021210")
        (document,) = patient.documents()
        path = f"/records/{patient.ins}/dicomweb/studies"
        assert len(coffre.http.get(path, headers=bearer(doctor)).json()) == 1
        assert (
            patient.call("PUT", f"/documents/{document['id']}/labels", json=["MASQUE_PS"]).status_code == 200
        )
        assert coffre.http.get(path, headers=bearer(doctor)).json() == []
        masked = coffre.http.get(f"{path}/{document['study_uid']}/series", headers=bearer(doctor))
        absent = coffre.http.get(f"{path}/1.2.3/series", headers=bearer(doctor))
        assert masked.status_code == absent.status_code == 404
        assert masked.text == absent.text

    def test_reports_are_no_studies(self, coffre: Coffre) -> None:
        patient = coffre.open_record()
        coffre.publish_pdf(coffre.depositor(HOSPITAL), patient.ins, demo_data.report_pdf())
        assert studies(patient) == []
        assert len(patient.documents()) == 1
