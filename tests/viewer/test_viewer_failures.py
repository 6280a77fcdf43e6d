"""What the viewer page does when something is wrong: it says so with a code, and draws nothing."""

import secrets
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

import pydicom
import pytest
from playwright.sync_api import Browser, Request, Route
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info

from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from content.dicom.registry import DEFLATED_FRAMES
from storage.objects.credentials import Credentials
from storage.objects.opening import prepare_objects
from tests.clients.ohif_viewer import given_to
from tests.integration.support import STRANGER, Coffre, Patient
from tests.services.service import S3Service
from tests.services.warm import WarmServer
from tests.viewer.viewer_page import TABLES_OF_REAL_FILES, ViewerPage, deposited, deposited_files, published

NO_X25519 = """
    const generate = crypto.subtle.generateKey.bind(crypto.subtle);
    const unknown = () => Promise.reject(new DOMException('', 'NotSupportedError'));
    const made = (how, ...more) => (how.name === 'X25519' ? unknown() : generate(how, ...more));
    crypto.subtle.generateKey = made;
"""
OBJECTS = "**/objects/**"
REASON = "Patient inconscient, urgence vitale"


def flipped(route: Route) -> None:
    answer = route.fetch()
    body = bytearray(answer.body())
    body[len(body) // 2] ^= 1
    route.fulfill(response=answer, body=bytes(body))


def cut(route: Route) -> None:
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    route.fulfill(response=answer, headers=headers, body=answer.body()[:-1])


def ended(route: Route) -> None:
    route.fulfill(status=403, content_type="application/problem+json", body='{"code": "grant_ended"}')


@dataclass(frozen=True, slots=True)
class Stored:
    """A study of one image, and the files of the embedded store that hold it, by their length."""

    document: str
    files: Mapping[int, Path]

    @classmethod
    def of(cls, coffre: Coffre, person: Patient, dataset: pydicom.FileDataset) -> Self:
        """`dataset` as this person's, with identifiers as long as they were."""
        named = pydicom.dcmread(BytesIO(*person.ct(1, 64)), stop_before_pixels=True)
        dataset.update(named.group_dataset(0x0010))
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(dataset, name, "2.25." + str(10**37 + secrets.randbelow(10**37)))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        before = stored_files(coffre)
        document = deposited(coffre, person, [dataset])
        return cls(document, {each.stat().st_size: each for each in stored_files(coffre) - before})

    @contextmanager
    def replaced_by(self, other: "Stored") -> Iterator[None]:
        """For a while the other's objects lie where these did, each of those that are as long."""
        alike = self.files.keys() & other.files.keys()
        assert alike
        kept = {self.files[size]: self.files[size].read_bytes() for size in alike}
        try:
            for size in alike:
                self.files[size].write_bytes(other.files[size].read_bytes())
            yield
        finally:
            for path, content in kept.items():
                path.write_bytes(content)


def stored_files(coffre: Coffre) -> set[Path]:
    return {each for each in (coffre.data / "objects").rglob("*") if each.is_file()}


@pytest.fixture
def study(served: Coffre, viewer: ViewerPage) -> tuple[ViewerPage, str, str]:
    """A page of somebody signed in, and the address of a study of theirs."""
    person = served.open_record()
    document = deposited(served, person, [pydicom.dcmread(BytesIO(each)) for each in person.ct(2, 32)])
    viewer.sign_in(person.token)
    return viewer, str(person.public_id), document


def shown(viewer: ViewerPage, record: str, document: str) -> str:
    """The code that is shown; no picture is."""
    viewer.page.goto(f"{viewer.coffre.url}/dossier/{record}/documents/{document}/viewer")
    code = viewer.code
    assert viewer.page.evaluate(viewer.canvas) is None
    assert viewer.page.locator("#place").inner_text() == ""
    assert len(viewer.page.locator("#message-text").inner_text()) > 20
    return code


@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        pytest.param(flipped, {"blob_corrupt"}, id="a flipped byte"),
        pytest.param(cut, {"short_range", "blob_corrupt"}, id="a cut range", marks=pytest.mark.long),
    ],
)
def test_what_the_store_gets_wrong_is_not_drawn(
    study: tuple[ViewerPage, str, str], fault: object, codes: set[str]
) -> None:
    viewer, record, document = study
    viewer.page.context.route(OBJECTS, fault)
    assert shown(viewer, record, document) in codes


@pytest.mark.long
def test_a_grant_that_has_ended_is_said_and_asked_for_anew(study: tuple[ViewerPage, str, str]) -> None:
    viewer, record, document = study
    viewer.page.context.route(OBJECTS, ended)
    viewer.page.context.route("**/grants/*/urls", ended)
    assert shown(viewer, record, document) == "grant_ended"
    viewer.page.context.unroute(OBJECTS)
    viewer.page.locator("#message-retry").click()
    assert viewer.until(lambda: viewer.place == "image 1 sur 2")


@pytest.mark.long
def test_another_object_of_equal_length_at_that_address_is_not_drawn(
    served: Coffre, viewer: ViewerPage
) -> None:
    """Both are real: the images of two people, which differ in nothing else."""
    one, other = served.open_record(), served.open_record()
    (content,) = one.ct(1, 64)
    stored = [Stored.of(served, each, pydicom.dcmread(BytesIO(content))) for each in (one, other)]
    viewer.sign_in(one.token)
    with stored[0].replaced_by(stored[1]):
        assert shown(viewer, str(one.public_id), stored[0].document) == "blob_corrupt"
    viewer.page.locator("#message-retry").click()
    assert viewer.until(lambda: viewer.place == "image 1 sur 1")


@pytest.mark.long
def test_a_store_of_another_origin_that_does_not_admit_the_page_is_said(
    browser: Browser, seaweedfs_server: S3Service, tmp_path: Path
) -> None:
    server, bucket = WarmServer(tmp_path / "data"), seaweedfs_server.url("s3", f"unadmitted-{uuid4().hex}")
    keys = Credentials(seaweedfs_server.access_key, seaweedfs_server.secret_key)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            **seaweedfs_server.environment(),
            "COFFRE_OBJECTS_URL": bucket,
            "COFFRE_OBJECTS_PUBLIC_URL": seaweedfs_server.endpoint,
            "COFFRE_PUBLIC_URL": server.url,
            "COFFRE_GATEWAY": "false",
        }.items():
            environment.setenv(name, value)
        initialise(load(data=tmp_path / "data"))
        prepare_objects(bucket, origins=["https://elsewhere.example"], create=False, credentials=keys)
        with server:
            viewer = ViewerPage(browser.new_page(locale="fr-FR"), Coffre(tmp_path / "data", server))
            person = viewer.coffre.open_record()
            document = deposited(viewer.coffre, person, [pydicom.dcmread(BytesIO(*person.ct(1, 32)))])
            viewer.sign_in(person.token)
            assert shown(viewer, str(person.public_id), document) == "store_unreachable"
            prepare_objects(bucket, origins=[server.url], create=False, credentials=keys)
            viewer.page.locator("#message-retry").click()
            assert viewer.until(lambda: viewer.place == "image 1 sur 1")
            viewer.page.close()


@pytest.mark.long
def test_a_grant_that_has_ended_in_an_emergency_is_asked_for_anew_with_its_reason(
    served: Coffre, viewer: ViewerPage
) -> None:
    person = served.open_record()
    deposited(served, person, [pydicom.dcmread(BytesIO(each)) for each in person.ct(2, 32)])
    asked: list[dict[str, str]] = []
    viewer.page.on("request", lambda each: asked.append(each.post_data_json) if is_grant(each) else None)
    viewer.sign_in(served.professional(STRANGER))
    viewer.page.goto(f"{served.url}/dossier/{person.public_id}")
    viewer.page.get_by_label("Motif de l'urgence").fill(REASON)
    viewer.page.get_by_role("button", name="Ouvrir le dossier en urgence").click()
    viewer.page.get_by_role("button", name="Voir les images").click()
    viewer.page.context.route(OBJECTS, ended)
    viewer.page.context.route("**/grants/*/urls", ended)
    viewer.page.get_by_role("button", name="Voir les images à l'écran").click()
    assert viewer.code == "grant_ended"
    viewer.page.context.unroute(OBJECTS)
    viewer.page.locator("#message-retry").click()
    assert viewer.until(lambda: viewer.place == "image 1 sur 2")
    assert [(each["purpose"], each["reason"]) for each in asked] == [("bris_de_glace", REASON)] * 2


def is_grant(request: Request) -> bool:
    return request.method == "POST" and urlsplit(request.url).path == "/grants"


@pytest.mark.long
def test_an_image_whose_table_is_not_surely_understood_is_not_drawn(
    served: Coffre, viewer: ViewerPage
) -> None:
    person = served.open_record()
    dataset = given_to(person, str(get_testdata_file(TABLES_OF_REAL_FILES["modality"])))
    dataset.ModalityLUTSequence[0].LUTDescriptor[0] += 1
    viewer.sign_in(person.token)
    assert shown(viewer, str(person.public_id), deposited(served, person, [dataset])) == (
        "lookup_table_unknown"
    )
    assert "table" in viewer.page.locator("#message-text").inner_text()


@pytest.mark.long
def test_a_browser_without_x25519_is_told_so(study: tuple[ViewerPage, str, str]) -> None:
    viewer, record, document = study
    viewer.page.add_init_script(NO_X25519)
    assert shown(viewer, record, document) == "no_x25519"
    assert "X25519" in viewer.page.locator("#message-text").inner_text()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["images", "a PDF"])
def test_whoever_signs_out_in_another_tab_leaves_nothing_on_the_screen(
    served: Coffre, browser: Browser, kind: str
) -> None:
    person, context = served.open_record(), browser.new_context(locale="fr-FR")
    viewer = ViewerPage(context.new_page(), served)
    viewer.sign_in(person.token)
    if kind == "images":
        viewer.show(person, deposited(served, person, [pydicom.dcmread(BytesIO(*person.ct(1, 32)))]))
        assert viewer.until(lambda: viewer.place == "image 1 sur 1")
    else:
        viewer.show(person, published(served, person, demo_data.report_pdf()))
        assert viewer.says("Micronodule calcifié séquellaire")
    other = context.new_page()
    other.goto(f"{served.url}/")
    other.click("form.sign-out button")
    other.wait_for_url("**/?fait=signed_out")
    viewer.page.wait_for_url(f"{served.url}/", timeout=10_000)
    assert viewer.page.locator("canvas").count() == 0
    context.close()


@pytest.mark.long
@pytest.mark.parametrize(
    ("claim", "codes"),
    [
        ({"Rows": 128}, {"pixels_not_decodable"}),
        ({"Columns": 63}, {"pixels_not_decodable"}),
        ({"Rows": 65535, "Columns": 65535}, {"pixel_format_unknown"}),
        ({"SIZ": (65535, 65535)}, {"pixels_not_decodable"}),
        ({"SIZ": (2**31, 2**31)}, {"pixels_not_decodable"}),
        ({"SIZ": (1, 1)}, {"pixels_not_decodable"}),
    ],
    ids=str,
)
def test_an_image_of_other_sizes_than_its_header_claims_is_not_drawn(
    served: Coffre, viewer: ViewerPage, claim: dict[str, Any], codes: set[str]
) -> None:
    """`SIZ` are width and height in the codestream itself (ISO/IEC 15444-1 section A.5.1)."""
    person = served.open_record()
    dataset = given_to(person, str(get_testdata_file("MR_small_jp2klossless.dcm")))
    for name, value in claim.items():
        if name == "SIZ":
            at = dataset.PixelData.index(b"\xff\x4f\xff\x51") + 8
            sizes = struct.pack(">II", *value)
            dataset.PixelData = dataset.PixelData[:at] + sizes + dataset.PixelData[at + 8 :]
        else:
            setattr(dataset, name, value)
    viewer.sign_in(person.token)
    assert shown(viewer, str(person.public_id), deposited(served, person, [dataset])) in codes


def test_an_image_of_a_syntax_that_the_page_does_not_draw_is_said(served: Coffre, viewer: ViewerPage) -> None:
    """Deflated Image Frame Compression (PS3.5 section A.4): each frame is a stream of deflate."""
    person = served.open_record()
    dataset = pydicom.dcmread(BytesIO(*person.ct(1, 32)))
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    dataset.PixelData = encapsulate([packer.compress(dataset.PixelData) + packer.flush()])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = DEFLATED_FRAMES
    viewer.sign_in(person.token)
    document = deposited_files(served, person, [in_explicit(dataset)])
    assert shown(viewer, str(person.public_id), document) == "syntax_unknown"
    assert "ne peut pas être affichée" in viewer.page.locator("#message-text").inner_text()


def in_explicit(dataset: pydicom.FileDataset) -> bytes:
    """As it is; pydicom knows how it would write the syntaxes of its own list alone."""
    out = DicomBytesIO()
    out.is_little_endian, out.is_implicit_VR = True, False
    out.write(bytes(128) + b"DICM")
    write_file_meta_info(out, dataset.file_meta)
    write_dataset(out, dataset)
    return out.getvalue()
