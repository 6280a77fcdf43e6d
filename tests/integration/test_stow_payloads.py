"""The forms that a Store request may take (PS3.18 section 10.5): bodies, addresses, encodings, answers."""

import gzip
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from content.dicom.metadata.xml_writer import NAMESPACE
from ingestion.intake.stow.response import FAILURE_REASONS
from tests.integration.outsider import Before, failed_items, first, stored_items
from tests.integration.support import Coffre, Patient, bearer, multipart, problem, related
from tests.unit.content.metadata_forms import Bulk, as_json, framed, json_part, read, related_type, xml_part

JSON, XML = "application/dicom+json", "application/dicom+xml"
OTHER_STUDY = 0xA901


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture(scope="module")
def good(person: Patient) -> list[bytes]:
    return person.ct(slices=2, size=16)


def post(
    coffre: Coffre, token: str, patient: Patient, body: Any, content_type: str, **more: Any
) -> httpx.Response:
    path = f"/records/{patient.ins}/dicomweb/studies" + more.pop("study", "")
    headers = {**bearer(token), "Content-Type": content_type, **more.pop("headers", {})}
    return coffre.http.post(path, content=body, headers=headers)


def study_of(content: bytes) -> str:
    return str(read(content).StudyInstanceUID)


def apart(files: list[bytes]) -> tuple[list[dict[str, Any]], list[Bulk]]:
    """Files as metadata and bulk data, in order."""
    found = [as_json(read(content), f"http://x/{number}") for number, content in enumerate(files)]
    return [metadata for metadata, _ in found], [part for _, parts in found for part in parts]


class TestSinglePart:
    def test_one_instance_may_be_the_whole_body(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        (content,) = patient.ct(slices=1, size=16)
        answer = post(coffre, lab, patient, content, "application/dicom")
        assert answer.status_code == 200, answer.text
        assert len(stored_items(answer)) == 1
        assert patient.documents()[0]["instances"] == 1

    def test_an_empty_body_is_no_deposit(self, coffre: Coffre, person: Patient, lab: str) -> None:
        before = Before.of(coffre)
        answer = post(coffre, lab, person, b"", "application/dicom")
        assert (answer.status_code, problem(answer)) == (400, "no_parts")
        assert before.added() == {}

    def test_a_part_of_no_bytes_is_refused_beside_good_ones(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        answer = coffre.stow(lab, [*patient.ct(slices=1, size=16), b""], patient.ins)
        assert answer.status_code == 202
        assert [p["code"] for p in coffre.submission(lab, answer)["parts"]] == ["published", "not_dicom"]


class TestStudy:
    def test_instances_of_the_study_are_stored(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        files = patient.ct(slices=2, size=16)
        study = study_of(files[0])
        answer = post(coffre, lab, patient, multipart(files), related(), study=f"/{study}")
        assert answer.status_code == 200
        assert len(stored_items(answer)) == 2

    def test_an_instance_of_another_study_is_refused_and_the_others_go_on(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        mine, other = patient.ct(slices=1, size=16, seed=1), patient.ct(slices=1, size=16, seed=2)
        answer = post(
            coffre, lab, patient, multipart([*other, *mine]), related(), study=f"/{study_of(mine[0])}"
        )
        assert answer.status_code == 202
        (failed,) = failed_items(answer)
        assert first(failed, "00081197") == OTHER_STUDY
        assert first(failed, "00081155") == read(other[0]).SOPInstanceUID
        assert [p["code"] for p in coffre.submission(lab, answer)["parts"]] == ["other_study", "published"]

    def test_by_content_too(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        files = patient.ct(slices=1, size=16)
        answer = coffre.http.post(
            f"/dicomweb/studies/{study_of(files[0])}",
            content=multipart(files),
            headers={**bearer(lab), "Content-Type": related()},
        )
        assert answer.status_code == 200

    @pytest.mark.parametrize("uid", ["x", "1..2", "1." + "2" * 64, "1.2%0A"])
    def test_an_address_that_names_no_study_is_refused(
        self, coffre: Coffre, person: Patient, lab: str, good: list[bytes], uid: str
    ) -> None:
        answer = post(coffre, lab, person, multipart(good), related(), study=f"/{uid}")
        assert (answer.status_code, problem(answer)) == (400, "bad_uid")


WHOLE: dict[str, tuple[str, list[bytes]]] = {
    "not JSON": ("metadata_unreadable", [b"Content-Type: application/dicom+json\r\n\r\n{"]),
    "twelve thousand instances": ("metadata_too_large", [json_part(*[{}] * 6_000)] * 2),
    "bulk data alone": ("metadata_missing", [Bulk("application/octet-stream", "x", b"12").part()]),
    "bulk data that nothing names": (
        "bulk_data_unused",
        [
            json_part(
                {"00080016": {"vr": "UI", "Value": ["1.2"]}, "00080018": {"vr": "UI", "Value": ["1.3"]}}
            ),
            Bulk("application/octet-stream", "x", b"12").part(),
        ],
    ),
}


class TestMetadata:
    def test_json_with_bulk_data_is_the_study(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        files = patient.ct(slices=3, size=32)
        metadata, bulk = apart(files)
        body = framed([json_part(*metadata), *(part.part() for part in bulk)])
        answer = post(coffre, lab, patient, body, related_type(JSON))
        assert answer.status_code == 200, answer.text
        assert [first(item, "00081155") for item in stored_items(answer)] == [
            read(content).SOPInstanceUID for content in files
        ]
        self._same(coffre, patient, files)
        again = post(coffre, lab, patient, body, related_type(JSON))
        assert {p["code"] for p in coffre.submission(lab, again)["parts"]} == {"duplicate"}

    def test_xml_with_bulk_data_before_it_is_the_study(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        files = patient.ct(slices=2, size=32)
        metadata, bulk = apart(files)
        body = framed([*(part.part() for part in reversed(bulk)), *map(xml_part, metadata)])
        answer = post(coffre, lab, patient, body, related_type(XML))
        assert answer.status_code == 200, answer.text
        self._same(coffre, patient, files)

    def _same(self, coffre: Coffre, patient: Patient, files: list[bytes]) -> None:
        """Published are Part 10 instances with the pixels and attributes sent, and nothing else."""
        (document,) = patient.documents()
        assert document["instances"] == len(files)
        grant = coffre.grant(patient.token, patient.ins)
        pack = next(blob.sealed for blob in grant.open().blobs if blob.sealed.ref.kind == 1)
        kept = grant.read(pack.ref.blob_id, 0, pack.plaintext_size)
        starts = [at for at in range(len(kept)) if kept.startswith(b"DICM", at + 128)]
        assert len(starts) == len(files)
        for content, start, end in zip(files, starts, [*starts[1:], len(kept)], strict=True):
            sent, found = read(content), read(kept[start:end])
            assert found.PixelData == sent.PixelData
            assert str(found.PatientName) == str(sent.PatientName)
            assert found.SOPInstanceUID == sent.SOPInstanceUID

    def test_metadata_alone_may_be_the_whole_body(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        (content,) = patient.ct(slices=1, size=8)
        inline = read(content).to_json_dict(bulk_data_threshold=10**9)
        answer = post(coffre, lab, patient, json.dumps([inline]), JSON)
        assert answer.status_code == 200, answer.text

    def test_what_cannot_be_put_together_is_refused_and_the_others_go_on(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        files = patient.ct(slices=3, size=32)
        metadata, bulk = apart(files)
        metadata[0]["00081030"] = {"vr": "LO", "Value": ["two\\values"]}
        bulk = [part for part in bulk if not part.location.startswith("http://x/1/")]
        body = framed([json_part(*metadata), *(part.part() for part in bulk)])
        answer = post(coffre, lab, patient, body, related_type(JSON))
        assert answer.status_code == 202
        told = [p["code"] for p in coffre.submission(lab, answer)["parts"]]
        assert told == ["metadata_not_valid", "bulk_data_missing", "published"]
        assert [first(item, "00081155") for item in failed_items(answer)] == [
            read(content).SOPInstanceUID for content in files[:2]
        ]
        assert patient.documents()[0]["instances"] == 1

    def test_the_assembled_instance_is_validated_like_any_other(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        metadata, bulk = apart(patient.ct(slices=1, size=32))
        bulk[0].data = bulk[0].data[:-100]
        body = framed([json_part(*metadata), *(part.part() for part in bulk)])
        answer = post(coffre, lab, patient, body, related_type(JSON))
        assert answer.status_code == 409
        assert [p["code"] for p in coffre.submission(lab, answer)["parts"]] == ["pixel_data_short"]

    @pytest.mark.parametrize("case", WHOLE)
    def test_what_no_instance_can_be_told_from_refuses_the_request(
        self, coffre: Coffre, person: Patient, lab: str, case: str
    ) -> None:
        code, parts = WHOLE[case]
        before = Before.of(coffre)
        answer = post(coffre, lab, person, framed(parts), related_type(JSON))
        assert answer.status_code == 409
        assert {p["code"] for p in coffre.submission(lab, answer)["parts"]} == {code}
        assert before.added() == {"submission": 1, "part": len(parts)}

    @pytest.mark.parametrize(
        ("kind", "part"),
        [
            (JSON, b"Content-Type: application/dicom\r\n\r\nx"),
            (JSON, b"Content-Type: application/dicom+xml\r\n\r\nx"),
            (JSON, b"Content-Type: image/gif\r\nContent-Location: x\r\n\r\nx"),
            ("application/dicom", b"Content-Type: application/dicom+json\r\n\r\n[]"),
        ],
        ids=["instance", "the other metadata", "a type that is no bulk data", "metadata among instances"],
    )
    def test_media_types_are_not_mixed(
        self, coffre: Coffre, person: Patient, lab: str, kind: str, part: bytes
    ) -> None:
        answer = post(coffre, lab, person, framed([part]), related_type(kind))
        assert (answer.status_code, problem(answer)) == (415, "bad_part_type")

    def test_metadata_has_an_end(self, coffre: Coffre, person: Patient, lab: str) -> None:
        before = Before.of(coffre)
        body = framed([b"Content-Type: application/dicom+json\r\n\r\n" + b" " * (33 << 20)])
        answer = post(coffre, lab, person, body, related_type(JSON))
        assert (answer.status_code, problem(answer)) == (413, "too_large")
        assert before.added() == {}


BROKEN: dict[str, tuple[int, str, Callable[[bytes], bytes]]] = {
    "cut": (400, "bad_gzip", lambda body: gzip.compress(body)[:-20]),
    "cut in its trailer": (400, "bad_gzip", lambda body: gzip.compress(body)[:-4]),
    "not gzip": (400, "bad_gzip", lambda body: body),
    "another checksum": (400, "bad_gzip", lambda body: gzip.compress(body)[:-8] + bytes(8)),
    "something behind": (400, "bad_gzip", lambda body: gzip.compress(body) + b"x" * 20),
    "a bomb": (413, "inflates_too_much", lambda body: gzip.compress(bytes(100 << 20))),
}


class TestGzip:
    def test_a_gzip_body_is_expanded(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        one, two = (
            multipart(patient.ct(slices=2, size=64))[:9000],
            multipart(patient.ct(slices=2, size=64))[9000:],
        )
        body = gzip.compress(one) + gzip.compress(two)  # members may follow each other (RFC 1952 section 2.2)
        answer = post(coffre, lab, patient, body, related(), headers={"Content-Encoding": "gzip"})
        assert answer.status_code == 200, answer.text
        assert patient.documents()[0]["instances"] == 2

    @pytest.mark.parametrize("case", BROKEN)
    def test_a_body_that_is_no_good_gzip_leaves_nothing(
        self, coffre: Coffre, person: Patient, lab: str, good: list[bytes], case: str
    ) -> None:
        status, code, make = BROKEN[case]
        before = Before.of(coffre)
        kind = "application/dicom" if case == "a bomb" else related()
        answer = post(coffre, lab, person, make(multipart(good)), kind, headers={"Content-Encoding": "gzip"})
        assert (answer.status_code, problem(answer)) == (status, code)
        assert before.added() == {}

    @pytest.mark.parametrize("encoding", ["deflate", "br", "gzip, gzip"])
    def test_other_encodings_are_refused(
        self, coffre: Coffre, person: Patient, lab: str, good: list[bytes], encoding: str
    ) -> None:
        answer = post(coffre, lab, person, multipart(good), related(), headers={"Content-Encoding": encoding})
        assert (answer.status_code, problem(answer)) == (415, "bad_content_encoding")


class TestAnswers:
    def test_xml_on_demand(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        files = [*patient.ct(slices=1, size=16), b"junk"]
        answer = coffre.stow(lab, files, patient.ins, Accept=XML)
        assert (answer.status_code, answer.headers["content-type"]) == (202, XML)
        root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own answer
        space = f"{{{NAMESPACE}}}"
        assert root.tag == f"{space}NativeDicomModel"
        failed = root.find(f".//{space}DicomAttribute[@keyword='FailureReason']/{space}Value")
        assert failed is not None
        assert failed.text == str(0xC000)
        sop = root.find(f".//{space}DicomAttribute[@keyword='ReferencedSOPInstanceUID']/{space}Value")
        assert sop is not None
        assert sop.text == read(files[0]).SOPInstanceUID

    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            ("*/*", JSON),
            ("application/*", JSON),
            ("text/html, */*;q=0.1", JSON),
            ("application/dicom+xml;q=0.5, application/dicom+json;q=0.6", JSON),
            ("application/dicom+json;q=0.5, application/dicom+xml", XML),
            ("application/json", "application/json"),
        ],
    )
    def test_the_best_of_what_is_accepted_is_sent(
        self, coffre: Coffre, person: Patient, lab: str, accept: str, kind: str
    ) -> None:
        answer = coffre.stow(lab, [b"junk"], person.ins, Accept=accept)
        assert (answer.status_code, answer.headers["content-type"]) == (409, kind)

    @pytest.mark.parametrize("accept", ["text/html", "application/dicom", "application/dicom+json;q=0"])
    def test_nothing_is_stored_for_who_accepts_no_answer(
        self, coffre: Coffre, person: Patient, lab: str, good: list[bytes], accept: str
    ) -> None:
        before = Before.of(coffre)
        answer = coffre.stow(lab, good, person.ins, Accept=accept)
        assert (answer.status_code, problem(answer)) == (406, "not_acceptable")
        assert before.added() == {}

    def test_a_minimal_answer_has_no_body_where_all_went_well(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        answer = coffre.stow(lab, patient.ct(slices=1, size=16), patient.ins, Prefer="return=minimal")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["preference-applied"] == "return=minimal"
        assert coffre.submission(lab, answer)["state"] == "published"
        refused = coffre.stow(lab, [b"junk"], patient.ins, Prefer="return=minimal")
        assert len(failed_items(refused)) == 1

    def test_a_large_bulk_part_is_streamed(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        """Bulk data larger than any buffer on its way, frames of their own address."""
        frames, side = 24, 1024
        (content,) = patient.ct(slices=1, size=16)
        metadata, bulk = apart([content])
        (pixels,) = (part for part in bulk if part.location == metadata[0]["7FE00010"]["BulkDataURI"])
        metadata[0] |= {
            "00280008": {"vr": "IS", "Value": [frames]},
            "00280010": {"vr": "US", "Value": [side]},
            "00280011": {"vr": "US", "Value": [side]},
        }
        parts = [
            Bulk(pixels.content_type, f"{pixels.location}/frames/{n}", bytes([n]) * (2 * side * side)).part()
            for n in range(1, frames + 1)
        ]
        rest = [part.part() for part in bulk if part is not pixels]
        body = framed([json_part(*metadata), *rest, *parts])
        answer = post(coffre, lab, patient, body, related_type(JSON))
        assert len(stored_items(answer)) == 1, answer.text
        grant = coffre.grant(patient.token, patient.ins)
        pack = max((blob.sealed for blob in grant.open().blobs), key=lambda blob: blob.plaintext_size)
        end = grant.read(pack.ref.blob_id, pack.plaintext_size - 2 * side * side, 2 * side * side)
        assert end == bytes([frames]) * (2 * side * side)


def test_every_failure_reason_is_of_a_range_that_the_standard_names() -> None:
    """PS3.18 table I.2-2."""
    for reason in {*FAILURE_REASONS.values()}:
        assert reason in (0x0110, 0x0122, 0x0124, 0xC122) or reason & 0xFF00 in (0xA700, 0xA900)
