"""Rendered, thumbnail and transcoded resources as viewers ask for them (PS3.18 sections 8.3.5, 8.7, 10.4)."""

import io
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any

import httpx
import numpy as np
import pydicom
import pydicom.data
import pytest
from PIL import Image
from pydicom.dataset import FileDataset
from pydicom.encaps import generate_frames
from pydicom.uid import generate_uid

from coffre.demonstration.files import data as demo_data
from content.rendition import read_rendition
from records.people.identity import INS_NIR_TEST
from tests.clients.test_dicomweb_client import client
from tests.integration.support import TRAITS, Coffre, Patient, bearer
from tests.integration.test_pixel_children import correlation, picture

EXPLICIT = "1.2.840.10008.1.2.1"
ULTRASOUND, REPORT = "examples_ybr_color.dcm", "test-SR.dcm"
FILES = (ULTRASOUND, "JPEG2000.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "MR_small_RLE.dcm", REPORT)


@dataclass
class Deposited:
    """A record that holds an image of each kind, by the name of its file."""

    coffre: Coffre
    patient: Patient
    files: dict[str, FileDataset]
    ct: list[FileDataset]

    def of(self, file: FileDataset) -> str:
        return (
            f"/records/{self.patient.public_id}/dicomweb/studies/{file.StudyInstanceUID}"
            f"/series/{file.SeriesInstanceUID}/instances/{file.SOPInstanceUID}"
        )

    def get(self, path: str, accept: str | None = None, **query: str) -> httpx.Response:
        headers = bearer(self.patient.token) | ({} if accept is None else {"Accept": accept})
        return self.coffre.http.get(path, params=query or None, headers=headers)


def of_patient(file: FileDataset, patient: Patient) -> bytes:
    """The file as one of this patient's: traits that contradict the record would set it aside."""
    demo_data._name_patient(file, patient.ins, INS_NIR_TEST, TRAITS)
    written = io.BytesIO()
    file.save_as(written)
    return written.getvalue()


def read(name: str) -> FileDataset:
    """One of pydicom's files, as a study of its own: some are the same image in another encoding."""
    file = pydicom.dcmread(str(pydicom.data.get_testdata_file(name)))
    file.StudyInstanceUID, file.SeriesInstanceUID = generate_uid(), generate_uid()
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return file


def encapsulated_pdf() -> FileDataset:
    file = read(REPORT)
    for keyword in ("ContentSequence", "ConceptNameCodeSequence"):
        if keyword in file:
            delattr(file, keyword)
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    file.Modality = "DOC"
    content = demo_data.report_pdf()
    file.MIMETypeOfEncapsulatedDocument, file.EncapsulatedDocumentLength = "application/pdf", len(content)
    file.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    return file


@pytest.fixture(scope="module")
def deposited(coffre: Coffre) -> Deposited:
    patient = coffre.open_record()
    files = {name: read(name) for name in FILES}
    files["pdf"] = encapsulated_pdf()
    ct = patient.ct(slices=3, size=64)
    others = [of_patient(file, patient) for file in files.values()]
    answer = coffre.stow(coffre.depositor(), [*ct, *others], patient.ins)
    assert "00081198" not in answer.json(), answer.text  # FailedSOPSequence
    return Deposited(coffre, patient, files, [pydicom.dcmread(io.BytesIO(each)) for each in ct])


def parts(answer: httpx.Response) -> list[tuple[str, bytes]]:
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser().parsebytes(head + answer.content)
    found: Any = message.get_payload()
    return [(part["Content-Type"], part.get_payload(decode=True)) for part in found]


def shown(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"), float)


class TestRendered:
    @pytest.mark.parametrize("name", [name for name in FILES if name != REPORT])
    def test_an_image_is_a_picture_of_its_samples(self, deposited: Deposited, name: str) -> None:
        answer = deposited.get(f"{deposited.of(deposited.files[name])}/rendered", "image/png")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
        samples = deposited.files[name].pixel_array
        samples = samples[0] if name == ULTRASOUND else samples
        expected = np.asarray(Image.fromarray(samples).convert("L"), float) if samples.ndim == 3 else samples
        assert correlation(shown(answer.content), expected) >= 0.97

    def test_ohif_asks_so(self, deposited: Deposited) -> None:
        """`accept` in the query comes before the header; jpeg is what everything is taken for."""
        path = f"{deposited.of(deposited.ct[0])}/rendered"
        answer = deposited.get(f"{path}?accept=image%2Fjpeg", "*/*")
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "private, no-store"
        assert deposited.get(path).headers["content-type"] == "image/jpeg"

    def test_dicomweb_client_asks_so(self, deposited: Deposited) -> None:
        file = deposited.files[ULTRASOUND]
        reader = client(deposited.coffre, deposited.patient.token, str(deposited.patient.public_id))
        place = (file.StudyInstanceUID, file.SeriesInstanceUID, file.SOPInstanceUID)
        whole = reader.retrieve_instance_rendered(*place, media_types=("image/jpeg",))
        frame = reader.retrieve_instance_frames_rendered(*place, [9], media_types=("image/png",))
        assert Image.open(io.BytesIO(whole)).size == (file.Columns, file.Rows)
        assert correlation(picture(frame), file.pixel_array[8].astype(float)) >= 0.97

    def test_frames_come_in_the_order_asked(self, deposited: Deposited) -> None:
        file = deposited.files[ULTRASOUND]
        path = f"{deposited.of(file)}/frames/20,2/rendered"
        answer = deposited.get(path, 'multipart/related; type="image/png"')
        (kind, first), (_, second) = parts(answer)
        assert kind == "image/png"
        assert correlation(picture(first), file.pixel_array[19].astype(float)) >= 0.97
        assert correlation(picture(second), file.pixel_array[1].astype(float)) >= 0.97

    def test_a_series_is_all_its_pictures_or_a_middle_one(self, deposited: Deposited) -> None:
        path = deposited.of(deposited.ct[0]).rpartition("/instances/")[0] + "/rendered"
        together, alone = deposited.get(path), deposited.get(path, "image/jpeg")
        assert [kind for kind, _ in parts(together)] == ["image/jpeg"] * 3
        assert alone.content in [data for _, data in parts(together)]

    def test_the_window_asked_for_is_the_one_shown(self, deposited: Deposited) -> None:
        path = f"{deposited.of(deposited.ct[0])}/rendered"
        dark = shown(deposited.get(path, "image/png", window="30000,10,linear").content)
        bright = shown(deposited.get(path, "image/png", window="-30000,10,linear").content)
        assert (dark.max(), bright.min()) == (0, 255)

    def test_the_viewport_bounds_the_picture(self, deposited: Deposited) -> None:
        answer = deposited.get(f"{deposited.of(deposited.ct[0])}/rendered", viewport="32,500")
        assert Image.open(io.BytesIO(answer.content)).size == (32, 32)

    def test_a_pdf_is_the_pdf(self, deposited: Deposited) -> None:
        path = f"{deposited.of(deposited.files['pdf'])}/rendered"
        answer = deposited.get(path, "application/pdf")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert answer.content == demo_data.report_pdf()
        assert deposited.get(path, "image/jpeg").status_code == 406
        assert deposited.get(path).headers["content-type"] == "application/pdf"

    def test_what_is_not_done_is_said(self, deposited: Deposited) -> None:
        path = f"{deposited.of(deposited.ct[0])}/rendered"
        answer = deposited.get(path, annotation="patient,technique", iccprofile="srgb")
        assert answer.status_code == 200
        assert answer.headers.get_list("warning") == [
            f'299 coffre "Not supported: {each}"'
            for each in ("annotation=patient", "annotation=technique", "iccprofile=srgb")
        ]


class TestThumbnails:
    def test_at_every_level(self, deposited: Deposited) -> None:
        instance = deposited.of(deposited.files[ULTRASOUND])
        for path in (f"{instance}/frames/3", instance):
            answer = deposited.get(f"{path}/thumbnail", "image/avif,image/webp,*/*;q=0.8")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
            assert max(Image.open(io.BytesIO(answer.content)).size) == 256

    def test_that_of_a_series_or_study_is_the_overview_made_at_the_deposit(
        self, deposited: Deposited
    ) -> None:
        file = deposited.files[ULTRASOUND]
        series = deposited.of(file).rpartition("/instances/")[0]
        for path in (series, series.rpartition("/series/")[0]):
            answer = deposited.get(f"{path}/thumbnail", "image/avif,image/webp,*/*;q=0.8")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
            overview = read_rendition(answer.content)
            assert overview.frames == ((file.SOPInstanceUID, file.NumberOfFrames // 2 + 1),)
            middle = file.pixel_array[file.NumberOfFrames // 2].astype(float)
            small = np.asarray(Image.open(io.BytesIO(answer.content)).resize((file.Columns, file.Rows)))
            assert correlation(small.astype(float), middle) >= 0.97
        smaller = deposited.get(f"{series}/thumbnail", viewport="100,100")
        assert max(Image.open(io.BytesIO(smaller.content)).size) == 100

    def test_ohif_asks_so(self, deposited: Deposited) -> None:
        path = f"{deposited.of(deposited.ct[0])}/thumbnail?accept=image%2Fjpeg"
        answer = deposited.coffre.http.get(path, headers={**bearer(deposited.patient.token), "Accept": "*/*"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")

    def test_a_size_may_be_asked_for(self, deposited: Deposited) -> None:
        answer = deposited.get(f"{deposited.of(deposited.ct[0])}/thumbnail", viewport="40,30")
        assert Image.open(io.BytesIO(answer.content)).size == (30, 30)
        refused = deposited.get(f"{deposited.of(deposited.ct[0])}/thumbnail", viewport="40,30,0,0,10,10")
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_viewport")


BAD = {
    "bad_window": [
        "window=",
        "window=1,2",
        "window=1,0,linear",
        "window=1,0.5,linear",
        "window=nan,1,linear",
    ],
    "bad_viewport": [
        "viewport=0,1",
        "viewport=-1,1",
        "viewport=1",
        "viewport=1,1,-1,0,1,1",
        "viewport=1,1,a",
    ],
    "viewport_too_large": ["viewport=100000,100000", "viewport=999999,1", "viewport=65501,1"],
    "bad_quality": ["quality=0", "quality=101", "quality=x", "quality=%2B5"],
    "bad_annotation": ["annotation=name", "annotation="],
    "bad_iccprofile": ["iccprofile=cmyk"],
    "region_outside_image": ["viewport=9,9,5000,0,1,1"],
    "bad_accept": ["accept=image"],
}


class TestRefused:
    @pytest.mark.parametrize(("code", "query"), [(code, each) for code in BAD for each in BAD[code]])
    def test_what_is_asked_wrongly(self, deposited: Deposited, code: str, query: str) -> None:
        path = f"{deposited.of(deposited.ct[0])}/rendered?{query}"
        answer = deposited.coffre.http.get(path, headers=bearer(deposited.patient.token))
        assert (answer.status_code, answer.json()["code"]) == (400, code)

    @pytest.mark.parametrize(
        ("name", "below", "accept", "status", "code"),
        [
            (ULTRASOUND, "/rendered", "image/gif", 406, "not_acceptable"),
            (ULTRASOUND, "/rendered", "video/mp4", 406, "not_acceptable"),
            (ULTRASOUND, "/frames/31/rendered", None, 404, "no_such_frame"),
            (ULTRASOUND, "/frames/31/thumbnail", None, 404, "no_such_frame"),
            (ULTRASOUND, "/frames/1,31/rendered", "multipart/related", 404, "no_such_frame"),
            (ULTRASOUND, "/frames/0/rendered", None, 400, "bad_frames"),
            (ULTRASOUND, "/frames/1,2/rendered", "image/jpeg", 406, "not_acceptable"),
            (REPORT, "/rendered", None, 406, "cannot_render"),
            (REPORT, "/thumbnail", None, 406, "cannot_render"),
            ("pdf", "/thumbnail", None, 406, "cannot_render"),
        ],
    )
    def test_what_cannot_be_given(
        self, deposited: Deposited, name: str, below: str, accept: str | None, status: int, code: str
    ) -> None:
        answer = deposited.get(deposited.of(deposited.files[name]) + below, accept)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    def test_a_damaged_image_is_one_answer_and_the_next_picture_comes(self, deposited: Deposited) -> None:
        coffre, patient = deposited.coffre, deposited.patient
        damaged = read("JPEG2000.dcm")
        (frame,) = generate_frames(damaged.PixelData, number_of_frames=1)
        broken = frame[:20] + bytes(len(frame) - 22) + frame[-2:]
        damaged.PixelData = pydicom.encaps.encapsulate([broken])
        sent = coffre.stow(coffre.depositor(), [of_patient(damaged, patient)], patient.ins)
        assert (sent.status_code, "frame_size_differs" in sent.text) == (202, True)
        answer = deposited.get(f"{deposited.of(damaged)}/rendered")
        assert (answer.status_code, answer.json()["code"]) == (406, "pixels_not_decodable")
        assert "could not be decoded" in answer.json()["detail"]
        assert deposited.get(f"{deposited.of(deposited.ct[0])}/rendered").status_code == 200


class TestTranscoded:
    @pytest.mark.parametrize("name", [ULTRASOUND, "JPEG2000.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm"])
    def test_an_instance_in_the_syntax_asked_for(self, deposited: Deposited, name: str) -> None:
        file = deposited.files[name]
        accept = f'multipart/related; type="application/dicom"; transfer-syntax={EXPLICIT}'
        answer = deposited.get(deposited.of(file), accept)
        ((kind, data),) = parts(answer)
        assert kind == f"application/dicom; transfer-syntax={EXPLICIT}"
        made = pydicom.dcmread(io.BytesIO(data))
        assert made.file_meta.TransferSyntaxUID == EXPLICIT
        assert (made.pixel_array == file.pixel_array).all()
        assert made.PatientName == file.PatientName

    def test_a_study_of_several_syntaxes(self, deposited: Deposited) -> None:
        path = deposited.of(deposited.files["JPEG2000.dcm"]).partition("/series/")[0]
        answer = deposited.get(path, f"multipart/related; transfer-syntax={EXPLICIT}")
        found = [pydicom.dcmread(io.BytesIO(data)).file_meta.TransferSyntaxUID for _, data in parts(answer)]
        assert set(found) == {EXPLICIT}

    @pytest.mark.parametrize("name", ["image_dfl.dcm", "MR_small_bigendian.dcm"])
    @pytest.mark.parametrize("syntax", ["*", EXPLICIT])
    def test_frames_of_deflated_and_big_endian_files(
        self, deposited: Deposited, name: str, syntax: str
    ) -> None:
        """As viewers ask (transfer-syntax=*), and in the default: both in the bytes of octet-stream."""
        file = deposited.files[name]
        accept = f"multipart/related; type=application/octet-stream; transfer-syntax={syntax}"
        ((kind, data),) = parts(deposited.get(f"{deposited.of(file)}/frames/1", accept))
        assert kind == f"application/octet-stream; transfer-syntax={EXPLICIT}"
        dtype = file.pixel_array.dtype.newbyteorder("<")
        assert (np.frombuffer(data, dtype).reshape(file.pixel_array.shape) == file.pixel_array).all()

    def test_compressed_frames_are_decoded_where_samples_are_asked_for(self, deposited: Deposited) -> None:
        file = deposited.files[ULTRASOUND]
        path, octets = f"{deposited.of(file)}/frames/4,1", "multipart/related; type=application/octet-stream"
        as_stored = parts(deposited.get(path, f"{octets}; transfer-syntax=*"))
        decoded = parts(deposited.get(path, f"{octets}; transfer-syntax={EXPLICIT}"))
        assert as_stored[0][0].startswith("image/jpeg")
        frame = np.frombuffer(decoded[0][1], np.uint8).reshape(file.Rows, file.Columns, 3)
        assert (frame == file.pixel_array[3]).all()

    def test_what_no_codec_writes_is_refused(self, deposited: Deposited) -> None:
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.90'
        answer = deposited.get(deposited.of(deposited.ct[0]), accept)
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
