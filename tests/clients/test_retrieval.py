"""WADO-RS as its clients use it: dicomweb-client and OHIF's literal requests (PS3.18 section 10.4)."""

import gzip
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from pydicom.encaps import generate_frames

from tests.clients.retrieving import OHIF_FRAMES, Room, parts
from tests.integration.heads import damaged_objects
from tests.integration.support import Coffre, Patient, bearer

DICOM_JSON = "application/dicom+json"
OCTETS = "application/octet-stream"
EXPLICIT = "1.2.840.10008.1.2.1"


def deposited(coffre: Coffre, contents: list[bytes], patient: Patient | None = None) -> Room:
    patient = patient or coffre.open_record()
    answer = coffre.stow(coffre.depositor(), contents, patient.ins)
    # 202: some warn, of what they are by themselves; STOW tells each that failed
    assert answer.status_code in (200, 202) and "00081198" not in answer.json(), answer.text
    first = pydicom.dcmread(BytesIO(contents[0]))
    series, sop = first.SeriesInstanceUID, first.SOPInstanceUID
    return Room(coffre, patient, first.StudyInstanceUID, series, sop, contents)


@pytest.fixture(scope="module")
def scan(coffre: Coffre) -> Room:
    patient = coffre.open_record()
    return deposited(coffre, patient.ct(slices=3, size=64), patient)


@pytest.fixture(scope="module")
def ecg(coffre: Coffre) -> Room:
    patient = coffre.open_record()
    return deposited(coffre, [file_of("waveform_ecg.dcm", patient)], patient)


def saved(dataset: pydicom.Dataset, patient: Patient, **changes: Any) -> bytes:
    """The data set as a file of this patient."""
    written, own = BytesIO(), pydicom.dcmread(BytesIO(patient.ct(slices=1, size=16)[0]))
    for keyword in ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        setattr(dataset, keyword, getattr(own, keyword))
    for name, value in changes.items():
        setattr(dataset, name, value)
    dataset.save_as(written)
    return written.getvalue()


def file_of(name: str, patient: Patient) -> bytes:
    """One of pydicom's test files, as a file of this patient."""
    from pydicom.data import get_testdata_file

    read = get_testdata_file(name, read=True)
    assert isinstance(read, pydicom.FileDataset)
    return saved(read, patient)


class TestDicomwebClient:
    def test_it_reads_metadata_frames_and_instances(self, scan: Room) -> None:
        reader, study, series = scan.reader, scan.study, scan.series
        described = reader.retrieve_series_metadata(study, series)
        found = {pydicom.Dataset.from_json(each, lambda *_: b"").SOPInstanceUID for each in described}
        assert found == set(scan.originals)
        assert reader.retrieve_study_metadata(study) == described
        for sop, original in scan.originals.items():
            (frame,) = reader.retrieve_instance_frames(study, series, sop, [1])
            assert frame == original.PixelData
            assert reader.retrieve_instance(study, series, sop) == original
            assert reader.retrieve_instance_metadata(study, series, sop) in described
        assert len(reader.retrieve_series(study, series)) == len(reader.retrieve_study(study)) == 3

    def test_it_follows_bulk_data(self, scan: Room) -> None:
        uri = scan.metadata()["7FE00010"]["BulkDataURI"]
        assert uri.startswith(scan.coffre.url)
        (found,) = scan.reader.retrieve_bulkdata(uri)
        assert found == scan.originals[scan.sop].PixelData


class TestInstances:
    def test_each_part_is_what_was_deposited_and_says_where_it_lies(self, scan: Room) -> None:
        answer = scan.get(f"studies/{scan.study}")
        assert int(answer.headers["content-length"]) == len(answer.content)
        found = parts(answer)
        assert sorted(body for _, body in found) == sorted(scan.contents)
        for head, body in found:
            assert head["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
            assert scan.get(head["content-location"], "application/dicom").content == body

    def test_one_may_come_alone_by_the_query_too(self, scan: Room) -> None:
        answer = scan.get(f"{scan.instance}?accept=application/dicom", "multipart/related")
        assert answer.content == scan.contents[0]
        assert answer.headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"

    def test_boundaries_are_never_the_same(self, scan: Room) -> None:
        types = {scan.get(scan.instance).headers["content-type"] for _ in range(3)}
        assert len(types) == 3

    def test_compressed_ones_are_decoded_where_that_is_asked(self, coffre: Coffre) -> None:
        patient = coffre.open_record()
        room = deposited(coffre, [file_of("MR_small_RLE.dcm", patient)], patient)
        answer = room.get(room.instance, f"application/dicom; transfer-syntax={EXPLICIT}")
        found = pydicom.dcmread(BytesIO(answer.content))
        assert found.file_meta.TransferSyntaxUID == EXPLICIT
        assert (found.pixel_array == room.originals[room.sop].pixel_array).all()
        assert room.get(room.instance, "application/dicom; transfer-syntax=1.2.3").status_code == 406


class TestMetadata:
    def test_a_known_answer_is_not_sent_again(self, scan: Room) -> None:
        path = f"studies/{scan.study}/series/{scan.series}/metadata"
        answer = scan.get(path, DICOM_JSON)
        tag = answer.headers["etag"]
        again = scan.get(path, DICOM_JSON, **{"If-None-Match": f'"x", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert scan.get(path, DICOM_JSON, **{"If-None-Match": '"x"'}).json() == answer.json()

    def test_it_is_gzipped_where_that_is_accepted_under_a_tag_of_its_own(self, scan: Room) -> None:
        path = f"studies/{scan.study}/metadata"
        with scan.coffre.http.stream(
            "GET",
            f"/records/{scan.patient.public_id}/dicomweb/{path}",
            headers={**bearer(scan.patient.token), "Accept-Encoding": "gzip"},
        ) as zipped:
            assert zipped.headers["content-encoding"] == "gzip"
            text = gzip.decompress(b"".join(zipped.iter_raw()))
        plain = scan.get(path, **{"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert json.loads(text) == plain.json()
        assert zipped.headers["etag"] != plain.headers["etag"]

    def test_a_submission_that_brings_an_instance_anew_is_the_one_that_is_read(self, coffre: Coffre) -> None:
        patient = coffre.open_record()
        first = deposited(coffre, patient.ct(slices=2, size=32), patient)
        tag = first.get(f"studies/{first.study}/metadata").headers["etag"]
        changed = pydicom.dcmread(BytesIO(first.contents[0]))
        changed.SeriesDescription = "Corrigé"
        changed.PixelData = bytes(len(changed.PixelData))
        later = deposited(coffre, [saved(changed, patient)], patient)
        answer = later.get(f"studies/{later.study}/series/{later.series}/metadata")
        assert len(answer.json()) == 2 and answer.headers["etag"] != tag
        assert later.metadata()["0008103E"]["Value"] == ["Corrigé"]
        assert later.get(f"{later.instance}/frames/1", OCTETS).content == changed.PixelData
        assert later.get(later.instance, "application/dicom").content == later.contents[0]

    def test_xml_is_not_given(self, scan: Room) -> None:
        for accept in (
            'multipart/related; type="application/dicom+xml"',
            "application/dicom+xml",
            "text/html",
        ):
            answer = scan.get(f"studies/{scan.study}/metadata", accept)
            assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


class TestFrames:
    def test_ohif_gets_a_frame_as_it_is_stored(self, scan: Room) -> None:
        ((head, body),) = parts(scan.get(f"{scan.instance}/frames/1", OHIF_FRAMES))
        assert head["content-type"] == f"{OCTETS}; transfer-syntax={EXPLICIT}"
        assert body == scan.originals[scan.sop].PixelData

    @pytest.mark.parametrize(
        ("name", "media_type", "syntax"),
        [
            ("MR_small_RLE.dcm", "image/dicom-rle", "1.2.840.10008.1.2.5"),
            ("SC_rgb_jpeg_dcmtk.dcm", "image/jpeg", "1.2.840.10008.1.2.4.50"),
            ("JPEG-LL.dcm", "image/jpeg", "1.2.840.10008.1.2.4.70"),
            ("MR_small_jpeg_ls_lossless.dcm", "image/jls", "1.2.840.10008.1.2.4.80"),
            ("MR_small_jp2klossless.dcm", "image/jp2", "1.2.840.10008.1.2.4.90"),
            ("JPEG2000.dcm", "image/jp2", "1.2.840.10008.1.2.4.91"),
        ],
    )
    def test_the_type_is_that_of_the_stored_frame(
        self, coffre: Coffre, name: str, media_type: str, syntax: str
    ) -> None:
        patient = coffre.open_record()
        room = deposited(coffre, [file_of(name, patient)], patient)
        ((head, body),) = parts(room.get(f"{room.instance}/frames/1", OHIF_FRAMES))
        assert head["content-type"] == f"{media_type}; transfer-syntax={syntax}"
        original = room.originals[room.sop]
        assert body == next(generate_frames(original.PixelData, number_of_frames=1))
        alone = room.get(f"{room.instance}/frames/1", media_type)
        assert (alone.headers["content-type"], alone.content) == (head["content-type"], body)
        ((bulk_head, bulk),) = parts(room.get(room.metadata()["7FE00010"]["BulkDataURI"], "*/*"))
        assert (bulk_head["content-type"], bulk) == (head["content-type"], body)

    def test_lists_come_in_the_order_asked(self, coffre: Coffre) -> None:
        patient = coffre.open_record()
        room = deposited(coffre, [file_of("emri_small.dcm", patient)], patient)
        original = room.originals[room.sop]
        size = len(original.PixelData) // original.NumberOfFrames
        found = parts(room.get(f"{room.instance}/frames/7,1,3", OHIF_FRAMES))
        wanted = [original.PixelData[(n - 1) * size : n * size] for n in (7, 1, 3)]
        assert [body for _, body in found] == wanted
        assert [head["content-location"].rpartition("/")[2] for head, _ in found] == ["7", "1", "3"]
        assert room.reader.retrieve_instance_frames(room.study, room.series, room.sop, [7, 1, 3]) == wanted

    @pytest.mark.parametrize("name", ["image_dfl.dcm", "MR_small_bigendian.dcm"])
    def test_what_is_stored_otherwise_is_given_in_explicit_little_endian(
        self, coffre: Coffre, name: str
    ) -> None:
        patient = coffre.open_record()
        room = deposited(coffre, [file_of(name, patient)], patient)
        original = room.originals[room.sop]
        samples = original.pixel_array.astype(original.pixel_array.dtype.newbyteorder("<")).tobytes()
        ((head, body),) = parts(room.get(f"{room.instance}/frames/1", OHIF_FRAMES))
        assert head["content-type"] == f"{OCTETS}; transfer-syntax={EXPLICIT}"
        assert body == samples
        bulk = room.get(room.metadata()["7FE00010"]["BulkDataURI"], OCTETS)
        assert bulk.content[: len(samples)] == samples
        read = pydicom.dcmread(
            BytesIO(room.get(room.instance, f"application/dicom; transfer-syntax={EXPLICIT}").content)
        )
        assert read.PixelData[: len(samples)] == samples

    @pytest.mark.parametrize(
        ("frames", "status", "code"),
        [
            ("0", 400, "bad_frames"),
            ("1,1", 400, "bad_frames"),
            ("1,", 400, "bad_frames"),
            ("a", 400, "bad_frames"),
            ("-1", 400, "bad_frames"),
            ("١", 400, "bad_frames"),
            (",".join(map(str, range(1, 5000))), 400, "bad_frames"),
            ("2", 404, "no_such_frame"),
            ("999999999", 404, "no_such_frame"),
        ],
    )
    def test_frames_that_are_none_are_refused(self, scan: Room, frames: str, status: int, code: str) -> None:
        answer = scan.get(f"{scan.instance}/frames/{frames}", OHIF_FRAMES)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


class TestBulkData:
    def test_an_ecg_comes_alone(self, ecg: Room) -> None:
        """`Accept: application/octet-stream`, as OHIF asks."""
        original = ecg.originals[ecg.sop].WaveformSequence[0].WaveformData
        uri = ecg.metadata()["54000100"]["Value"][0]["54001010"]["BulkDataURI"]
        assert uri.endswith("/bulkdata/54000100/0/54001010")
        answer = ecg.get(uri, OCTETS)
        assert answer.headers["content-type"] == f"{OCTETS}; transfer-syntax={EXPLICIT}"
        assert answer.content == original

    @pytest.mark.parametrize(
        ("asked", "status", "span"),
        [
            ("bytes=0-9", 206, slice(0, 10)),
            ("bytes=100-", 206, slice(100, None)),
            ("bytes=-5", 206, slice(-5, None)),
            ("bytes=10-99999999", 206, slice(10, None)),
            ("bytes=0-1,4-5", 200, slice(None)),
            ("lines=1-2", 200, slice(None)),
            *((f"bytes={none}", 200, slice(None)) for none in ("5-1", "-", "a-b", "1", "9" * 30 + "-", "")),
        ],
    )
    def test_ranges_of_it(self, ecg: Room, asked: str, status: int, span: slice) -> None:
        original = ecg.originals[ecg.sop].WaveformSequence[0].WaveformData
        uri = ecg.metadata()["54000100"]["Value"][0]["54001010"]["BulkDataURI"]
        answer = ecg.get(uri, OCTETS, Range=asked)
        assert (answer.status_code, answer.content) == (status, original[span])
        start, stop, _ = span.indices(len(original))
        shown = f"bytes {start}-{stop - 1}/{len(original)}" if status == 206 else None
        assert answer.headers.get("content-range") == shown

    def test_a_range_behind_its_end(self, ecg: Room) -> None:
        uri = ecg.metadata()["54000100"]["Value"][0]["54001010"]["BulkDataURI"]
        answer = ecg.get(uri, OCTETS, Range="bytes=99999999-")
        assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("00100010", 404, "no_such_bulkdata"),
            ("54000100", 404, "no_such_bulkdata"),
            ("54000100/99/54001010", 404, "no_such_bulkdata"),
            ("00090001", 404, "no_such_bulkdata"),
            ("PatientName", 400, "bad_bulkdata"),
            ("54000100/0", 400, "bad_bulkdata"),
            ("54000100/-1/54001010", 400, "bad_bulkdata"),
            ("../../metadata", 400, "bad_bulkdata"),
            ("/".join(["00081140", "0"] * 40 + ["00100010"]), 400, "bad_bulkdata"),
        ],
    )
    def test_what_is_no_bulk_data(self, ecg: Room, path: str, status: int, code: str) -> None:
        answer = ecg.get(f"{ecg.instance}/bulkdata/{path.replace('..', '%2e%2e')}", OCTETS)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_a_document_comes_as_a_part_of_a_multipart_answer(self, coffre: Coffre) -> None:
        """`Accept: */*`, as OHIF asks."""
        patient = coffre.open_record()
        room = deposited(coffre, [encapsulated_pdf(patient)], patient)
        ((head, body),) = parts(room.get(room.metadata()["00420011"]["BulkDataURI"], "*/*"))
        assert body == room.originals[room.sop].EncapsulatedDocument
        assert head["content-type"] == f"{OCTETS}; transfer-syntax={EXPLICIT}"


class TestRefusals:
    @pytest.mark.parametrize("uid", ["1.2." + "3" * 64, "1.2%0a3", "é", "1 2", "%00"])
    def test_malformed_uids(self, scan: Room, uid: str) -> None:
        for path in (f"studies/{uid}", f"studies/{scan.study}/series/{uid}/metadata"):
            answer = scan.get(path)
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_uid")

    @pytest.mark.parametrize("accept", ["image", "a/b;q=2", "*/jp2", ",".join(["a/b"] * 65)])
    def test_malformed_accept(self, scan: Room, accept: str) -> None:
        answer = scan.get(f"studies/{scan.study}", accept)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_accept")

    def test_what_is_not_there(self, scan: Room) -> None:
        for path in (
            "studies/1.2.3",
            f"studies/{scan.study}/series/1.2.3/metadata",
            f"studies/{scan.study}/series/1.2.3/instances/{scan.sop}/frames/1",
            f"studies/{scan.study}/series/{scan.series}/instances/1.2.3",
        ):
            answer = scan.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_document")

    def test_without_a_right(self, scan: Room, coffre: Coffre) -> None:
        stranger = coffre.professional("899700099990")
        for path in (f"studies/{scan.study}", f"{scan.instance}/frames/1", f"{scan.instance}/metadata"):
            url = f"/records/{scan.patient.public_id}/dicomweb/{path}"
            answer = coffre.http.get(url, headers=bearer(stranger))
            assert (answer.status_code, answer.json()["code"]) == (403, "not_authorised")
            known = coffre.http.get(url, headers={**bearer(stranger), "If-None-Match": "*"})
            assert known.status_code == 403

    def test_head_says_what_get_would(self, scan: Room) -> None:
        url = f"/records/{scan.patient.public_id}/dicomweb/{scan.instance}"
        headers = {**bearer(scan.patient.token), "Accept": "application/dicom"}
        answer = scan.coffre.http.head(url, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        assert int(answer.headers["content-length"]) == len(scan.contents[0])

    @pytest.mark.parametrize(
        "below",
        [
            "",
            "/frames/1",
            "/metadata",
            "/rendered",
            "/frames/1/rendered",
            "/thumbnail",
            "/frames/1/thumbnail",
        ],
    )
    def test_head_opens_nothing(self, scan: Room, below: str) -> None:
        url = f"/records/{scan.patient.public_id}/dicomweb/{scan.instance}{below}"
        get, head = scan.coffre.http.get, scan.coffre.http.head
        assert get(url, headers=bearer(scan.patient.token)).status_code == 200
        with damaged_objects(scan.coffre):
            assert get(url, headers=bearer(scan.patient.token)).status_code == 500
            answer = head(url, headers=bearer(scan.patient.token))
        assert (answer.status_code, answer.content) == (200, b"")

    @pytest.mark.parametrize(
        ("level", "accept", "media_type"),
        [
            (0, "image/png", "image/png"),
            (0, "*/*", 'multipart/related; type="image/jpeg"'),
            (1, "image/jpeg", "image/jpeg"),
            (2, "image/jpeg", "image/jpeg"),
            (2, "*/*", None),  # a picture, or the PDF that it may carry
        ],
    )
    def test_head_of_pictures_says_what_is_known_unopened(
        self, scan: Room, level: int, accept: str, media_type: str | None
    ) -> None:
        above = scan.instance.split("/")[: 2 + 2 * level]
        url = f"/records/{scan.patient.public_id}/dicomweb/{'/'.join(above)}"
        headers = {**bearer(scan.patient.token), "Accept": accept}
        with damaged_objects(scan.coffre):
            answer = scan.coffre.http.head(f"{url}/rendered", headers=headers)
        assert (answer.status_code, answer.content) == (200, b"")
        found = answer.headers.get("content-type")
        assert found == media_type if media_type is None else found.startswith(media_type)
        assert "content-length" not in answer.headers
        missing = scan.coffre.http.head(
            f"/records/{scan.patient.public_id}/dicomweb/{scan.instance}/frames/9/rendered", headers=headers
        )
        assert missing.status_code == 404


def encapsulated_pdf(patient: Patient) -> bytes:
    """A PDF in an instance (PS3.3 section A.45.1)."""
    from coffre.demonstration.files import data as demo_data

    dataset = pydicom.dcmread(BytesIO(patient.ct(slices=1, size=16)[0]))
    content = demo_data.report_pdf()
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(dataset, keyword)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    dataset.Modality, dataset.MIMETypeOfEncapsulatedDocument = "DOC", "application/pdf"
    dataset.EncapsulatedDocumentLength = len(content)
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    written = BytesIO()
    dataset.save_as(written)
    return written.getvalue()


class TestTurningAway:
    def test_children_of_answers_that_nobody_reads_are_free_again(self, coffre: Coffre) -> None:
        """More than work at once; each was begun and has more to say than any buffer on its way holds."""
        patient = coffre.open_record()
        large = pydicom.dcmread(BytesIO(patient.ct(slices=1, size=2048)[0]))
        large.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
        room = deposited(coffre, [saved(large, patient)], patient)
        url = f"/records/{patient.public_id}/dicomweb/{room.instance}"
        headers = bearer(patient.token) | {"Accept": f"application/dicom; transfer-syntax={EXPLICIT}"}
        for _ in range(6):
            with httpx.stream("GET", coffre.url + url, headers=headers, timeout=60) as answer:
                assert answer.status_code == 200
                next(answer.iter_raw(1024))
        whole = coffre.http.get(url, headers=headers)
        assert pydicom.dcmread(BytesIO(whole.content)).PixelData == large.PixelData


class TestDamage:
    """What the store has lost or altered is never answered as whole."""

    @pytest.fixture
    def stored(self, coffre: Coffre) -> tuple[Room, Path]:
        """An image of two mebibytes, and where its object lies."""
        patient = coffre.open_record()
        room = deposited(coffre, patient.ct(slices=1, size=1024), patient)
        blobs = coffre.grant(patient.token, patient.ins).open().blobs
        (pack,) = [blob.sealed.ref for blob in blobs if blob.sealed.ref.kind == 1]
        name = str(pack.blob_id)
        return room, coffre.data / "objects" / "b" / name[:2] / name / str(pack.version)

    def test_a_damaged_beginning_is_an_answer_of_its_own(self, stored: tuple[Room, Path]) -> None:
        room, path = stored
        altered(path, 5_000)
        for asked, accept in ((room.instance, "application/dicom"), (f"{room.instance}/frames/1", OCTETS)):
            answer = room.get(asked, accept)
            assert (answer.status_code, answer.json()["code"]) == (500, "blob_corrupt")

    @pytest.mark.parametrize("harm", ["altered", "cut"])
    def test_a_damaged_end_closes_the_connection_before_it(
        self, stored: tuple[Room, Path], harm: str
    ) -> None:
        room, path = stored
        altered(path, -5_000) if harm == "altered" else cut(path, 5_000)
        for asked, accept in (
            (room.instance, "application/dicom"),
            (f"studies/{room.study}", None),
            (f"{room.instance}/frames/1", OHIF_FRAMES),
            (f"{room.instance}/bulkdata/7FE00010", OCTETS),
        ):
            with pytest.raises(httpx.RemoteProtocolError):
                room.get(asked, accept)

    def test_what_lies_elsewhere_is_still_read(self, stored: tuple[Room, Path]) -> None:
        room, path = stored
        altered(path, -5_000)
        original = room.originals[room.sop].PixelData
        answer = room.get(f"{room.instance}/bulkdata/7FE00010", OCTETS, Range="bytes=0-99999")
        assert (answer.status_code, answer.content) == (206, original[:100_000])
        assert len(room.get(f"{room.instance}/metadata").json()) == 1


def altered(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:-size])
