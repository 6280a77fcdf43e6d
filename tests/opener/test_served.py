"""A page opens what a running Coffre holds, byte for byte, and docs/opener.md is enough to write one."""

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy
import pydicom
import pytest
from playwright.sync_api import Browser, Page, Route
from pydicom.uid import DeflatedExplicitVRLittleEndian, generate_uid

from coffre.demo_authority import identity_files
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from records.text.base64url import b64
from tests.clients.ohif_viewer import encapsulated, written
from tests.integration.support import DOCTOR, Coffre, Patient, serving
from tests.opener import node
from tests.opener.faulty_store import Store
from viewer_api.opener.files import HERE

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "opener.md").read_text("utf-8")
SLICES, SIZE = 6, 256
READ = """async told => {
    const opening = await import("/opener/index.js");
    const { readEverything } = await import("/test/served.js");
    return readEverything(opening, told);
}"""
FIRST_FRAME = """async asked => {
    const { RecipientKey, Opener } = await import("/opener/index.js");
    const grant = await new Opener({ key: await RecipientKey.create() }).grant(asked);
    const [{ study, series }] = grant.series;
    window.series = await grant.openSeries(study, series);
    return (await window.series.frame(window.series.instances[0].sop, 1)).bytes.length;
}"""
NEXT_FRAME = """() => window.series.frame(window.series.instances[1].sop, 1).then(
    () => "opened", error => error.code
)"""
ASK_FROM_ELSEWHERE = """async ({ base, record }) => {
    const { RecipientKey, Opener } = await import("/opener/index.js");
    const key = await RecipientKey.create();
    const opener = new Opener({ base, key, credentials: "include" });
    const asked = await opener.grant({ record }).then(() => "granted", error => error.code);
    const body = JSON.stringify({ record, suite: 2, recipient: key.public });
    const asking = { method: "POST", mode: "no-cors", credentials: "include", body };
    const simple = await fetch(`${base}/grants`, asking);
    return [asked, simple.type];
}"""


@pytest.fixture(scope="module")
def coffre(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    """One that opens nothing for anybody, its gateway being off; pages of `store` may call it."""
    data = tmp_path_factory.mktemp("opener") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_GATEWAY="false", COFFRE_ALLOWED_ORIGINS=store.url) as coffre:
        yield coffre


@pytest.fixture(scope="module")
def person(coffre: Coffre) -> Patient:
    return coffre.open_record()


@pytest.fixture(scope="module")
def files(coffre: Coffre, person: Patient) -> list[bytes]:
    """Images, one of them deflated, and an encapsulated PDF, each a study; a PDF beside them."""
    images = person.ct(SLICES, SIZE)
    packed = pydicom.dcmread(BytesIO(person.ct(1, 64)[0]))
    packed.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    others = [of_its_own(packed), of_its_own(encapsulated(person, demo_data.report_pdf()))]
    for content in (images, *([each] for each in others)):
        assert coffre.stow(coffre.depositor(), content, person.ins).status_code == 200
    assert coffre.publish_pdf(coffre.depositor(), person.ins, demo_data.report_pdf()).status_code == 201
    return images + others


def of_its_own(dataset: pydicom.FileDataset) -> bytes:
    """The file as one of another study."""
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return written(dataset)


@pytest.fixture(scope="module")
def page(browser: Browser, coffre: Coffre, person: Patient) -> Iterator[Page]:
    """A page of Coffre's own origin in which the patient is signed in, as a viewer would be."""
    context = browser.new_context()
    page = context.new_page()
    with coffre.system() as system:
        page.goto(identity_files.sign_in_link(system, person.token, coffre.url))
    page.route(f"{coffre.url}/test/*", _test_file)
    page.goto(f"{coffre.url}/test/page.html")
    yield page
    context.close()


def _test_file(route: Route) -> None:
    """The page of docs/opener.md, and what tests import."""
    name = urlsplit(route.request.url).path.rpartition("/")[2]
    kind = "text/html; charset=utf-8" if name.endswith(".html") else "text/javascript"
    content = block("html") if name == "image.html" else (node.FOLDER / name).read_text("utf-8")
    route.fulfill(body=content, content_type=kind)


def told(coffre: Coffre, person: Patient) -> dict[str, Any]:
    return {"base": coffre.url, "record": str(person.public_id)}


def test_node_opens_all_of_a_record(coffre: Coffre, person: Patient, files: Sequence[bytes]) -> None:
    found = node.run("read_served.js", {**told(coffre, person), "token": person.token})
    check_everything(found, files)


@pytest.mark.parametrize("worker", [False, True])
def test_a_page_opens_all_of_a_record_with_its_sign_in(
    page: Page, coffre: Coffre, person: Patient, files: Sequence[bytes], worker: bool
) -> None:
    found = page.evaluate(READ, {**told(coffre, person), "base": "", "worker": worker})
    check_everything(found, files)


def test_a_page_of_a_named_origin_opens_with_a_token_and_a_copy_of_the_opener(
    browser: Browser, store: Store, coffre: Coffre, person: Patient, files: Sequence[bytes]
) -> None:
    page = browser.new_page()
    page.goto(f"{store.url}/node/page.html")
    script = READ.replace("/test/", "/node/")
    found = page.evaluate(script, {**told(coffre, person), "token": person.token})
    page.close()
    check_everything(found, files)


def test_a_page_of_another_origin_is_granted_nothing(
    page: Page, store: Store, coffre: Coffre, person: Patient, files: Sequence[bytes]
) -> None:
    """Even of one that may call: 127.0.0.1 with another port is the same site, so that the cookie is sent."""
    coffre.grant(person.token, str(person.public_id)).open()
    lines = retrievals(person)
    other = page.context.new_page()
    other.goto(f"{store.url}/node/page.html")
    assert other.evaluate(ASK_FROM_ELSEWHERE, told(coffre, person)) == ["unreachable", "opaque"]
    other.close()
    assert retrievals(person) == lines > 0


def test_a_right_that_is_withdrawn_ends_the_reading(
    browser: Browser, coffre: Coffre, person: Patient, files: Sequence[bytes]
) -> None:
    person.authorise(DOCTOR)
    context = browser.new_context()
    page = context.new_page()
    with coffre.system() as system:
        page.goto(identity_files.sign_in_link(system, coffre.professional(), coffre.url))
    page.goto(f"{coffre.url}/audit/keys")  # a page without a policy
    study = str(pydicom.dcmread(BytesIO(files[0])).StudyInstanceUID)
    asked = {"record": str(person.public_id), "studies": [study]}
    assert page.evaluate(FIRST_FRAME, asked) == SIZE * SIZE * 2
    assert person.call("DELETE", f"/authorisations/{DOCTOR}").status_code == 204
    assert page.evaluate(NEXT_FRAME) == "not_authorised"
    context.close()


def retrievals(person: Patient) -> int:
    return sum(each["action"] == "retrieve" for each in person.log())


def check_everything(found: dict[str, Any], files: Sequence[bytes]) -> None:
    """Every file as it was deposited, every frame and value as pydicom reads them."""
    assert demo_data.report_pdf().hex() in found["documents"]
    read = {each["sop"]: each for series in found["series"] for each in series["instances"]}
    for content in files:
        dataset = pydicom.dcmread(BytesIO(content))
        one = read.pop(dataset.SOPInstanceUID)
        assert one["whole"] == one["streamed"] == content.hex()
        assert one["frames"] == ([dataset.PixelData.hex()] if "PixelData" in dataset else [])
        if "EncapsulatedDocument" in dataset:
            assert one["values"] == {"00420011": dataset.EncapsulatedDocument.hex()}
        assert one["transferSyntax"] == dataset.file_meta.TransferSyntaxUID
    assert not read
    assert "ffd8ff" in [series["overview"] for series in found["series"]]
    assert (found["closed"], found["signedOut"]) == ("grant_closed", "key_forgotten")
    # each series' metadata, then all frames of the CT as one range: they adjoin and were asked for at once
    assert sum(each["what"] == "series metadata" for each in found["fetched"]) == len(found["series"])
    assert sum(each["what"] == "frames" for each in found["fetched"]) == 1
    assert not any("?" in each["url"] for each in found["fetched"])


def test_modules_are_kept_by_version_and_asked_for_anew_without(coffre: Coffre) -> None:
    newest = coffre.http.get("/opener/index.js")
    assert newest.headers["content-type"].startswith("text/javascript")
    assert newest.headers["cache-control"] == "no-cache"
    tag = {"If-None-Match": newest.headers["etag"]}
    assert coffre.http.get("/opener/index.js", headers=tag).status_code == 304
    assert coffre.http.get("/opener/0123456789abcdef/index.js").status_code == 404
    assert coffre.http.get("/opener/routes.py").status_code == 404


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", DOCUMENTED, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_the_documented_page_draws_the_frame(
    page: Page, coffre: Coffre, person: Patient, files: Sequence[bytes]
) -> None:
    dataset = pydicom.dcmread(BytesIO(files[0]))
    page.goto(f"{coffre.url}/test/image.html#record={person.public_id}&study={dataset.StudyInstanceUID}")
    page.get_by_text(f"CT, image 1 de {SLICES}").wait_for()
    drawn = page.evaluate(
        """() => {
            const image = document.querySelector("canvas");
            const { data } = image.getContext("2d").getImageData(0, 0, image.width, image.height);
            return Array.from(data.filter((_, i) => i % 4 === 0));
        }"""
    )
    assert numpy.abs(numpy.array(drawn) - _windowed(dataset).ravel()).max() <= 1
    page.wait_for_function("document.getElementById('overview').naturalWidth > 0")


def _windowed(dataset: pydicom.FileDataset) -> Any:
    """The first window of the file (PS3.3 section C.11.2.1.2), in shades of grey."""
    values = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    centre, width = float(dataset.WindowCenter[0]), float(dataset.WindowWidth[0])
    return numpy.clip(255 * ((values - centre) / width + 0.5), 0, 255)


def test_a_study_that_may_not_be_seen_is_a_sentence(
    page: Page, coffre: Coffre, files: Sequence[bytes]
) -> None:
    other = coffre.open_record()
    page.goto("about:blank")  # another fragment alone would load nothing
    page.goto(f"{coffre.url}/test/image.html#record={other.public_id}&study=1.2.3")
    page.get_by_text("You have no access to this record, or there is no such record.").wait_for()


def test_every_code_is_named() -> None:
    codes = set(re.findall(r"^  ([a-z_0-9]+): \"", (HERE / "errors.js").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`([a-z_0-9]+)`", DOCUMENTED[DOCUMENTED.index("## What can go wrong") :]))
    assert codes
    assert not codes - named


def test_the_documented_python_opens_a_study(
    coffre: Coffre, person: Patient, files: Sequence[bytes], tmp_path: Path
) -> None:
    first = pydicom.dcmread(BytesIO(files[0]))
    told: dict[str, Any] = {
        "URL": coffre.url,
        "TOKEN": person.token,
        "RECORD": str(person.public_id),
        "PINS": [b64(public) for public in coffre.grant_keys().values()],
        "STUDY": first.StudyInstanceUID,
        "FOLDER": tmp_path,
    }
    exec(block("python"), told)  # noqa: S102 - what the page shows
    assert (tmp_path / "first.dcm").read_bytes() in files
    assert told["first"] in [pydicom.dcmread(BytesIO(each)).PixelData for each in files[:SLICES]]
    assert told["content"] in files
