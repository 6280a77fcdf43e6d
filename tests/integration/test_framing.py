"""What reaches a record although its framing is wrong: the bytes come out as they went in, frame by frame."""

import email
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import typer
from typer.testing import CliRunner

from coffre.commands.fetch import fetch_command
from coffre.demonstration.files.data import report_pdf
from coffre.serving.bodies import LARGEST_BODY
from content.dicom.metadata.xml_writer import NAMESPACE
from content.merged_series import merge_series
from keyvault.crypto.sealed_blob import BlobKind
from tests.integration.outsider import stored_items
from tests.integration.support import (
    DOCTOR,
    TRAITS,
    Coffre,
    Patient,
    bearer,
    document_reference,
    multipart,
    related,
)
from tests.unit.content.dicom_bytes import (
    DEFLATED,
    ITEM_END,
    JPEG,
    SEQUENCE_END,
    SERIES,
    STUDY,
    element,
    fragments,
    identifiers,
    part10,
    pixel_module,
    pixels,
)
from tests.unit.content.metadata_forms import Bulk, framed, json_part, related_type
from tests.unit.content.test_dicom_framing import FIRST, SECOND

FETCH = typer.Typer()
FETCH.command("fetch")(fetch_command)
XML = "application/dicom+xml"
NAME = f"{TRAITS.family_name}^{TRAITS.given_name}"
SERIES_METADATA = BlobKind.SERIES_METADATA
NOT_DEFLATED = part10(identifiers() + pixel_module() + pixels(bytes(range(32))), DEFLATED)


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


def undelimited(instead: bytes) -> bytes:
    value = fragments(FIRST, SECOND).removesuffix(SEQUENCE_END) + instead
    return part10(identifiers() + pixel_module(frames=2) + value, JPEG)


def subsampled() -> bytes:
    """Two frames that are said to be subsampled and hold three samples a pixel."""
    module = pixel_module(bits=8, samples=3, frames=2)
    module = module[:10] + element(0x00280004, "CS", b"YBR_FULL_422") + module[10:]
    return part10(identifiers() + module + pixels(bytes(range(96))))


@pytest.mark.parametrize(
    ("content", "warning", "frames"),
    [
        (undelimited(b""), "pixel_delimiter_missing", [FIRST, SECOND]),
        (undelimited(bytes(8)), "pixel_delimiter_missing", [FIRST, SECOND]),
        (undelimited(ITEM_END), "pixel_delimiter_missing", [FIRST, SECOND]),
        (undelimited(SEQUENCE_END[:4]), "pixel_delimiter_missing", [FIRST, SECOND]),
        (subsampled(), "pixel_data_longer", [bytes(range(48)), bytes(range(48, 96))]),
        (NOT_DEFLATED, "deflate_missing", [bytes(range(32))]),
    ],
    ids=["nothing", "zeros", "item_delimiter", "bare_tag", "subsampled", "not_deflated"],
)
def test_bytes_and_frames_of_a_flawed_instance_come_out_as_they_went_in(
    coffre: Coffre,
    patient: Patient,
    lab: str,
    tmp_path: Path,
    content: bytes,
    warning: str,
    frames: list[bytes],
) -> None:
    answer = coffre.stow(lab, [content, *patient.ct(slices=1, size=16)], patient.ins)
    assert answer.status_code == 202  # stored, one of them with a warning
    assert [part["code"] for part in coffre.submission(lab, answer)["parts"]] == [warning, "published"]

    out, token_file = tmp_path / "out", tmp_path / "token"
    token_file.write_text(patient.token)
    told = ("--record", patient.ins, "--from", coffre.url, "--out", str(out), "--token-file", str(token_file))
    assert CliRunner().invoke(FETCH, told).exit_code == 0
    assert content in {path.read_bytes() for path in out.rglob("*.dcm")}
    assert read_frames(coffre, patient) == frames


def read_frames(coffre: Coffre, patient: Patient) -> list[bytes]:
    """As a viewer reads them: series metadata first, then the ranges that it names."""
    grant = coffre.grant(patient.token, patient.ins, studies=[STUDY])
    described = next(each.sealed for each in grant.open().blobs if each.sealed.ref.kind is SERIES_METADATA)
    document = grant.read(described.ref.blob_id, 0, described.plaintext_size)
    (instance,) = merge_series(STUDY, SERIES, [document])
    assert instance.frames is not None
    return [
        b"".join(grant.read(instance.blob_id, instance.offset + at, size) for at, size in frame)
        for frame in instance.frames
    ]


def send(coffre: Coffre, token: str, path: str, body: bytes, kind: str, **more: str) -> httpx.Response:
    headers = {**bearer(token), "Content-Type": kind, **more}
    return coffre.http.post(path, content=body, headers=headers, follow_redirects=False)


def studies_of(patient: Patient) -> str:
    return f"/records/{patient.ins}/dicomweb/studies"


class TestRequests:
    @pytest.mark.parametrize(
        "reframe",
        [
            lambda body: body.replace(b"Content-Type: ", b"Content-Type:\r\n\t"),
            lambda body: body.replace(b"/dicom\r\n", b"/dicom;\r\n transfer-syntax=1.2.840.10008.1.2.1\r\n"),
            lambda body: body.replace(b"--b0undary\r\n", b"--b0undary \t \r\n"),
            lambda body: body.replace(b"--b0undary--", b"--b0undary-- \t"),
        ],
        ids=["folded", "folded_parameter", "padded", "padded_end"],
    )
    def test_a_body_framed_in_any_way_of_the_standard_is_stored(
        self, coffre: Coffre, patient: Patient, lab: str, reframe: Callable[[bytes], bytes]
    ) -> None:
        files = patient.ct(slices=2, size=16)
        answer = send(coffre, lab, studies_of(patient), reframe(multipart(files)), related())
        assert answer.status_code == 200, answer.text
        assert len(stored_items(answer)) == 2

    def test_the_type_of_the_parts_may_bring_its_parameters_into_the_quotes(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        kind = 'multipart/related; type="application/dicom; transfer-syntax=1.2.840.10008.1.2.1"'
        body = multipart(patient.ct(slices=1, size=16))
        answer = send(coffre, lab, studies_of(patient), body, f"{kind}; boundary=b0undary")
        assert answer.status_code == 200, answer.text

    def test_who_accepts_xml_in_multipart_alone_is_answered_so(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        wanted = f'multipart/related; type="{XML}"'
        answer = coffre.stow(lab, patient.ct(slices=1, size=16), patient.ins, Accept=wanted)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith(f"{wanted}; boundary=")
        message = email.message_from_bytes(
            f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode() + answer.content
        )
        (part,) = message.get_payload()  # type: ignore[misc]
        assert part.get_content_type() == XML  # type: ignore[union-attr]
        root = ElementTree.fromstring(part.get_payload(decode=True))  # type: ignore[union-attr,arg-type] # noqa: S314
        assert root.tag == f"{{{NAMESPACE}}}NativeDicomModel"

    @pytest.mark.parametrize("name", [NAME, ""])
    def test_a_name_as_plain_text_is_stored_with_a_warning(
        self, coffre: Coffre, patient: Patient, lab: str, name: str
    ) -> None:
        """As the upload page of a wide-spread archive sends it, with a photograph."""
        metadata = described(name)
        photograph = Bulk("image/jpeg", "file/photo.jpg", b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9")
        body = b"\r\n" + framed([json_part(metadata), photograph.part()])
        answer = send(coffre, lab, studies_of(patient), body, related_type("application/dicom+json"))
        assert answer.status_code == 202, answer.text
        (part,) = coffre.submission(lab, answer)["parts"]
        assert (part["outcome"], part["code"]) == ("published", "metadata_name_plain")

    def test_metadata_in_utf_16_is_stored_with_a_warning(
        self, coffre: Coffre, patient: Patient, lab: str
    ) -> None:
        metadata = described("x") | {"00100010": {"vr": "PN", "Value": [{"Alphabetic": NAME}]}}
        metadata["00081030"] = {"vr": "LO", "Value": ["Échographie œsophagienne"]}
        metadata["7FE00010"] = {"vr": "OB", "InlineBinary": "AAAAAAAAAAAAAAAAAAAAAA=="}
        body = json.dumps([metadata], ensure_ascii=False).encode("utf-16")
        answer = send(coffre, lab, studies_of(patient), body, "application/dicom+json")
        assert answer.status_code == 202, answer.text
        (part,) = coffre.submission(lab, answer)["parts"]
        assert (part["outcome"], part["code"]) == ("published", "metadata_not_utf8")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_fhir_body_with_a_byte_order_mark_is_read(
        self, coffre: Coffre, patient: Patient, lab: str, encoding: str
    ) -> None:
        resource = document_reference(patient.ins, report_pdf(patient.ins))
        body = json.dumps(resource, ensure_ascii=False).encode(encoding)
        assert send(coffre, lab, "/fhir/DocumentReference", body, "application/fhir+json").status_code == 201


class TestSlashAtTheEnd:
    """The same answer as without: no redirect, which clients follow without their body."""

    def test_deposits(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        body = multipart(patient.ct(slices=1, size=16))
        assert send(coffre, lab, studies_of(patient) + "/", body, related()).status_code == 200
        assert send(coffre, lab, "/dicomweb/studies/", body, related()).status_code == 200
        study = patient.call("GET", "/dicomweb/studies").json()[0]["0020000D"]["Value"][0]
        for address in (studies_of(patient), "/dicomweb/studies"):
            assert send(coffre, lab, f"{address}/{study}/", body, related()).status_code == 200
        report = json.dumps(document_reference(patient.ins, report_pdf(patient.ins))).encode()
        answer = send(coffre, lab, "/fhir/DocumentReference/", report, "application/fhir+json")
        assert answer.status_code == 201

    def test_a_large_deposit_is_streamed_there_too(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        body = multipart(patient.ct(slices=1, size=1024))
        assert len(body) > LARGEST_BODY
        assert send(coffre, lab, studies_of(patient) + "/", body, related()).status_code == 200

    def test_searches_and_lists(self, coffre: Coffre, patient: Patient, lab: str) -> None:
        coffre.stow(lab, patient.ct(slices=1, size=16), patient.ins)
        study = patient.call("GET", "/dicomweb/studies").json()[0]["0020000D"]["Value"][0]
        series = patient.call("GET", f"/dicomweb/studies/{study}/series").json()[0]["0020000E"]["Value"][0]
        for path in (
            "/documents",
            "/dicomweb/studies",
            f"/dicomweb/studies/{study}/series",
            f"/dicomweb/studies/{study}/instances",
            f"/dicomweb/studies/{study}/series/{series}/instances",
        ):
            plain, slashed = patient.call("GET", path), patient.call("GET", path + "/?limit=5")
            assert (slashed.status_code, slashed.json()) == (200, plain.json()), path

    def test_what_is_not_there_is_not_there_with_a_slash_either(self, coffre: Coffre) -> None:
        for path in ("/nothing/", "/dicomweb/studies//", "/fhir/DocumentReference//"):
            assert coffre.http.get(path, follow_redirects=False).status_code in (404, 405), path


def test_numbers_of_an_address_are_digits_alone(coffre: Coffre, patient: Patient, lab: str) -> None:
    coffre.stow(lab, patient.ct(slices=1, size=16), patient.ins)
    for asked in ("limit=1_0", "offset=٣", "limit=%201", "limit=+1"):
        assert patient.call("GET", f"/dicomweb/studies?{asked}").status_code == 400, asked
    for path in ("/audit/tile/0/0_0", "/audit/tile/٠/0"):
        assert coffre.http.get(path).status_code == 422, path
    until = {"professional": DOCTOR, "until": "4_000_000_000"}
    assert patient.call("POST", "/authorisations", json=until).status_code == 422
    grant = coffre.grant(patient.token, patient.ins)
    url = next(iter(grant.answer.json()["urls"].values()))
    for given in ("bytes=0-1_0", "bytes=1 0-20", "bytes=٠-5", "bytes=0x0-5"):
        assert httpx.get(url, headers={"Range": given.encode()}).status_code == 200, given  # no range at all
    assert httpx.get(url.replace("exp=", "exp=0_")).status_code == 422


def described(name: str) -> dict[str, Any]:
    """Metadata of a photograph of four by four pixels."""
    numbers = {"00280002": 1, "00280010": 4, "00280011": 4, "00280100": 8, "00280101": 8, "00280102": 7}
    uids = {"00080016": "1.2.840.10008.5.1.4.1.1.7", "00080018": f"1.2.9.{len(name)}"}
    uids |= {"0020000D": "1.2.8", "0020000E": "1.2.8.1"}
    return {
        **{tag: {"vr": "UI", "Value": [uid]} for tag, uid in uids.items()},
        "00100010": {"vr": "PN", "Value": [name]},
        "00100020": {"vr": "LO", "Value": ["L1"]},
        "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]},
        **{tag: {"vr": "US", "Value": [number]} for tag, number in numbers.items()},
        "7FE00010": {"vr": "OB", "BulkDataURI": "file/photo.jpg"},
    }
