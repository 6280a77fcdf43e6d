"""OHIF's service worker: what a stock viewer asks is opened in the browser; the host sees ciphertext.

The gateway is off in all of it: a request for content that got past the worker would be answered 501.
"""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import httpx
import numpy
import pydicom
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames

from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from records.errors import Invalid
from tests.clients import encoded
from tests.clients.ohif_viewer import RIGHT, Viewer, encapsulated, given_to, resemblance, written
from tests.clients.test_ohif import LONG, NO_X25519, SHORT
from tests.clients.worker_memory import WorkersMemory
from tests.clients.worker_page import FRAMES, ONE, Study, WorkersPage, deposited, parts
from tests.integration.support import DOCTOR, HOSPITAL, Coffre, Patient, bearer, serving
from tests.opener import faulty_store, node
from tests.services import ohif
from tests.services.service import S3Service
from tests.services.warm import WarmServer
from viewer_api.ohif.worker_files import WorkerFiles
from viewer_api.wado.accept import accepted, choose
from viewer_api.wado.media_types import content_type as contents
from viewer_api.wado.media_types import frame_offers

EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
ROOT = Path(__file__).parents[2]
SLICES = 2000
MOST_HELD, MOST_KEPT = 64 * 1024 * 1024, 16 * 1024 * 1024
READ_ALL = """async ({paths, accept}) => {
    const sizes = await Promise.all(paths.map(async (path) => {
        const answer = await fetch(path, {headers: {Accept: accept}});
        return (await answer.arrayBuffer()).byteLength;
    }));
    return sizes.reduce((sum, size) => sum + size, 0);
}"""
START_ELSEWHERE = """({worker, scope}) =>
    navigator.serviceWorker.register(worker, {scope, type: "module"})
        .then(() => "started", ({name}) => name)"""
IS_SETTLED = """navigator.serviceWorker.getRegistration().then(({installing, waiting, active}) =>
    !installing && !waiting && active === navigator.serviceWorker.controller)"""
CHOSEN = """async ({module, syntax, header}) => {
    const {acceptedBy, choose, contentType} = await import(`${module}/accept.js`);
    const {frameOffers} = await import(`${module}/forms.js`);
    try {
        const request = new Request("/", {headers: {Accept: header}});
        const form = choose(acceptedBy(request), frameOffers(syntax, true));
        return `${contentType(form)} ${form.isMultipart ? "in parts" : "alone"}`;
    } catch (error) { return error.code; }
}"""
ACCEPTED = (
    "",
    "*/*",
    "multipart/related",
    FRAMES,
    ONE,
    "image/jp2",
    "image/*",
    "application/octet-stream",
    "text/html",
    'multipart/related; type="image/jp2"',
    'multipart/related; type="application/octet-stream"',
    'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90',
    'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.91',
    "image/jp2;q=0.5, multipart/related;q=0.9",
    "multipart/related;q=0.1, */*;q=0.5",
    "image/jp2; q=0, */*",
    "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1",
    "multipart/related; q=0",
    ",, */* ,",
    "*/jp2",
    "image",
    "image/jp2; q=2",
    "image/jp2; q=0.1234",
    "image/jp2 image/jp2",
    ", ".join(["a/b"] * 65),
)
ASK_THE_WORKER = """async (path) => {
    let answer;
    const asked = new FetchEvent("fetch", {request: new Request(path)});
    asked.respondWith = (given) => answer = given;
    self.dispatchEvent(asked);
    return (await answer).status;
}"""
"""As a page would, were it still its own."""
SYNTAXES = [
    *(pytest.param(name, id=what) for what, name in SHORT.items()),
    *(pytest.param(name, id=what, marks=pytest.mark.long) for what, name in LONG.items()),
]
ENCODED = encoded.SHORT | encoded.LONG


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    data = tmp_path_factory.mktemp("coffre") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_OHIF=str(ohif.dist()), COFFRE_GATEWAY="off") as coffre:
        yield coffre


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with ohif.chromium() as found:
        yield found


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own: nobody is signed in, no worker is there."""
    made = browser.new_context(viewport={"width": 1200, "height": 900}, locale="fr-FR")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, served: Coffre) -> WorkersPage:
    return WorkersPage(context, served)


@pytest.fixture
def viewer(context: BrowserContext, served: Coffre) -> Viewer:
    return Viewer(context.new_page(), served)


def ct(coffre: Coffre, slices: int = 3, size: int = 128, person: Patient | None = None) -> Study:
    person = person or coffre.open_record()
    files = person.ct(slices, size)
    return deposited(coffre, person, [pydicom.dcmread(BytesIO(content)) for content in files])


@pytest.fixture
def opened(page: WorkersPage, served: Coffre) -> tuple[WorkersPage, Study]:
    """A CT of three slices, whose holder has OHIF's page before her."""
    return _opened(page, ct(served))


@pytest.fixture(scope="module")
def room(browser: Browser, served: Coffre) -> Iterator[tuple[WorkersPage, Study]]:
    """The same, for all that leaves it as it is."""
    context = browser.new_context(locale="fr-FR")
    yield _opened(WorkersPage(context, served), ct(served))
    context.close()


def _opened(page: WorkersPage, study: Study) -> tuple[WorkersPage, Study]:
    page.sign_in(study.person.token)
    page.open(study.person)
    return page, study


class TestInOhif:
    def test_an_authorised_doctor_reads_a_ct(self, served: Coffre, viewer: Viewer) -> None:
        study = ct(served)
        study.person.authorise()
        viewer.sign_in(served.professional(DOCTOR))
        viewer.open(study.person, study.uid)
        assert viewer.resembles(study.datasets) >= RIGHT
        assert viewer.failures == []
        line = next(each for each in study.person.log() if each["action"] == "retrieve")
        assert "opened_by" not in line.get("details", {})

    @pytest.mark.parametrize("name", SYNTAXES)
    def test_each_syntax_is_shown_as_it_is(self, served: Coffre, viewer: Viewer, name: str) -> None:
        person = served.open_record()
        study = deposited(served, person, [given_to(person, str(get_testdata_file(name)))])
        viewer.sign_in(person.token)
        viewer.open(person, study.uid)
        assert viewer.resembles([pydicom.dcmread(BytesIO(study.files[0]))]) >= RIGHT
        assert viewer.failures == []

    @pytest.mark.long
    @pytest.mark.parametrize("make", ENCODED.values(), ids=ENCODED)
    def test_what_was_encoded_for_this_is_shown_as_it_is(
        self, served: Coffre, viewer: Viewer, make: encoded.Made
    ) -> None:
        person = served.open_record()
        study = deposited(served, person, [make(person)])
        viewer.sign_in(person.token)
        viewer.open(person, study.uid)
        assert viewer.resembles([pydicom.dcmread(BytesIO(study.files[0]))]) >= RIGHT
        assert viewer.failures == []

    @pytest.mark.long
    @pytest.mark.parametrize("name", ["waveform_ecg.dcm", "a report"])
    def test_what_is_no_image_is_fetched_as_bulk_data(
        self, served: Coffre, viewer: Viewer, name: str
    ) -> None:
        person = served.open_record()
        made = (
            encapsulated(person, demo_data.report_pdf())
            if name == "a report"
            else given_to(person, str(get_testdata_file(name)))
        )
        study = deposited(served, person, [made])
        viewer.sign_in(person.token)
        viewer.open(person, study.uid)
        assert viewer.until(lambda: any("/bulkdata/" in url for _, url, _ in viewer.answers))
        assert viewer.failures == []


class TestWhatItAnswers:
    def test_frames_of_every_syntax_are_the_stored_ones(self, served: Coffre, page: WorkersPage) -> None:
        person = served.open_record()
        datasets = [given_to(person, str(get_testdata_file(name))) for name in (SHORT | LONG).values()]
        datasets += [make(person) for make in encoded.SHORT.values()]
        for each in datasets:
            each.StudyInstanceUID = datasets[0].StudyInstanceUID
        study = deposited(served, person, datasets)
        page.sign_in(person.token)
        page.open(person)
        for number, content in enumerate(study.files):
            dataset = pydicom.dcmread(BytesIO(content))
            ((kind, frame),) = parts(page.get(study.frame(number), FRAMES))
            syntax = dataset.file_meta.TransferSyntaxUID
            if syntax.is_compressed and syntax != DEFLATED:
                expected = next(iter(generate_frames(dataset.PixelData, number_of_frames=_frames(dataset))))
                assert kind.endswith(f"; transfer-syntax={syntax}")
            else:
                expected = _native(dataset)
                assert kind == f"application/octet-stream; transfer-syntax={EXPLICIT}"
            assert frame == expected, syntax.name
            if _frames(dataset) == 1:
                picture = page.get(f"{study.instance(number)}/rendered", "image/jpeg")
                assert resemblance(picture.content, dataset) >= RIGHT, syntax.name

    def test_what_is_accepted_is_chosen_as_the_server_does(self, room: tuple[WorkersPage, Study]) -> None:
        page, study = room
        module = f"/records/{study.person.public_id}/ohif/worker"
        for syntax in (EXPLICIT, "1.2.840.10008.1.2.4.90"):
            stored = [each for each in frame_offers(syntax, alone=True) if each.stored]
            for header in ACCEPTED:
                try:
                    found = choose(accepted([], [header]), stored)
                    expected = f"{contents(found)} {'in parts' if found.multipart else 'alone'}"
                except Invalid as error:
                    expected = error.code
                told = {"module": module, "syntax": syntax, "header": header}
                assert page.page.evaluate(CHOSEN, told) == expected, header

    def test_one_frame_comes_alone_where_that_is_accepted(self, room: tuple[WorkersPage, Study]) -> None:
        page, study = room
        answer = page.get(study.frame(1), ONE)
        assert (
            answer.headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
        )
        assert answer.content == study.datasets[1].PixelData
        assert answer.headers["cache-control"] == "private, no-store"

    def test_metadata_names_bulk_data_by_addresses_that_it_answers(
        self, room: tuple[WorkersPage, Study]
    ) -> None:
        page, study = room
        found = {each["00080018"]["Value"][0]: each for each in page.get(f"{study.series()}/metadata").json}
        for number, dataset in enumerate(study.datasets):
            described = found[dataset.SOPInstanceUID]
            expected = dataset.to_json_dict()
            for tag in ("00100010", "00280010", "00281053", "00200032", "00080060"):
                assert described[tag] == expected[tag]
            address = described["7FE00010"]["BulkDataURI"]
            assert address == f"{page.coffre.url}{study.instance(number)}/bulkdata/7FE00010"
            assert page.get(address, ONE).content == dataset.PixelData
            part = page.get(address, ONE, Range="bytes=10-19")
            assert (part.status, part.content) == (206, dataset.PixelData[10:20])

    def test_instances_are_the_deposited_files(self, room: tuple[WorkersPage, Study]) -> None:
        page, study = room
        answer = page.get(study.instance(2), "application/dicom")
        assert answer.content == study.files[2]
        every = page.get(study.address, 'multipart/related; type="application/dicom"')
        assert sorted(content for _, content in parts(every)) == sorted(study.files)

    def test_a_report_is_its_bulk_data(self, served: Coffre, page: WorkersPage) -> None:
        person, report = served.open_record(), demo_data.report_pdf()
        study = deposited(served, person, [encapsulated(person, report)])
        page.sign_in(person.token)
        page.open(person)
        address = page.get(f"{study.instance()}/metadata").json[0]["00420011"]["BulkDataURI"]
        ((_, found),) = parts(page.get(address))
        assert found.startswith(report)
        assert page.get(f"{study.instance()}/rendered", "application/pdf").content.startswith(report)

    def test_pictures_are_drawn_in_the_browser(self, room: tuple[WorkersPage, Study]) -> None:
        page, study = room
        rendered = page.get(f"{study.instance(1)}/rendered", "image/png")
        assert rendered.headers["content-type"] == "image/png"
        shown = numpy.asarray(Image.open(BytesIO(rendered.content)).convert("L"), dtype=float)
        expected = study.datasets[1].pixel_array.astype(float)
        assert numpy.corrcoef(shown.ravel(), expected.ravel())[0, 1] >= RIGHT
        small = page.get(f"{study.instance(1)}/thumbnail?viewport=64,64", "image/jpeg")
        assert Image.open(BytesIO(small.content)).size == (64, 64)
        overview = Image.open(BytesIO(page.get(f"{study.series()}/thumbnail").content))
        assert overview.format == "JPEG"

    @pytest.mark.parametrize(
        ("below", "accept", "status", "code"),
        [
            ("/frames/1", "image/jpeg", 406, "not_acceptable"),
            ("/frames/2", FRAMES, 404, "no_such_frame"),
            ("/frames/1,1", FRAMES, 400, "bad_frames"),
            ("/frames/1", "nonsense", 400, "bad_accept"),
            ("/bulkdata/00420011", ONE, 404, "no_such_bulkdata"),
            ("/other", "*/*", 404, "not_found"),
            ("/rendered?window=1", "image/png", 400, "bad_window"),
        ],
    )
    def test_what_it_cannot_answer_is_refused_as_the_server_would(
        self, room: tuple[WorkersPage, Study], below: str, accept: str, status: int, code: str
    ) -> None:
        page, study = room
        answer = page.get(study.instance() + below, accept)
        assert (answer.status, answer.json["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"

    def test_what_another_structure_deposits_under_the_same_uids_takes_nobodys_place(
        self, served: Coffre, opened: tuple[WorkersPage, Study]
    ) -> None:
        page, study = opened
        altered = pydicom.dcmread(BytesIO(study.files[0]))
        altered.PixelData = bytes(len(altered.PixelData))
        sent = [written(altered)]
        assert served.stow(served.depositor(HOSPITAL), sent, study.person.ins).status_code in (200, 202)
        assert page.get(study.frame(0), ONE).content == study.datasets[0].PixelData
        assert len(page.get(f"{study.series()}/metadata").json) == len(study.datasets)
        small = Image.open(BytesIO(page.get(f"{study.series()}/thumbnail").content))
        assert numpy.asarray(small).std() > 0  # the other's is black

    def test_searches_are_the_readers(self, room: tuple[WorkersPage, Study]) -> None:
        page, study = room
        (found,) = page.get(f"{study.address}/series").json
        assert found["0020000E"]["Value"] == [study.datasets[0].SeriesInstanceUID]

    def test_another_record_is_not_within_its_scope(
        self, served: Coffre, room: tuple[WorkersPage, Study]
    ) -> None:
        page, _ = room
        other = ct(served, 1, 16)
        assert page.get(other.frame(), FRAMES).status == 501  # the gateway, which is off


class TestDamage:
    """Whatever a store answers, nothing of it is shown that is not what was deposited."""

    @pytest.fixture
    def seen(self, room: tuple[WorkersPage, Study]) -> tuple[WorkersPage, Study]:
        """The description of the series was read before the damage."""
        page, study = room
        assert page.get(f"{study.series()}/metadata").status == 200
        return page, study

    @pytest.mark.parametrize(
        ("harm", "codes"),
        [
            (lambda content, _: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:], {"blob_corrupt"}),
            (lambda content, other: other[: len(content)].ljust(len(content), b"\0"), {"blob_corrupt"}),
            (lambda content, _: content[: len(content) // 2], {"short_range", "range_not_satisfiable"}),
        ],
        ids=["a flipped byte", "another blob in its place", "a range that is cut"],
    )
    def test_a_frame_that_was_damaged_is_refused(
        self,
        seen: tuple[WorkersPage, Study],
        harm: Callable[[bytes, bytes], bytes],
        codes: set[str],
    ) -> None:
        page, study = seen
        whole, other = (path.read_bytes() for path in study.objects[:2])
        study.objects[0].write_bytes(harm(whole, other))
        try:
            answer = page.get(study.frame(2), FRAMES)
        finally:
            study.objects[0].write_bytes(whole)
        assert answer.status == 502
        assert answer.json["code"] in codes
        assert "altérée" in page.page.inner_text("#coffre-message")
        assert page.get(study.frame(2), ONE).content == study.datasets[2].PixelData


class TestHostilePages:
    @pytest.mark.parametrize("scope", ["/", "/records/", "/records/{other}/ohif/", "/dossier/"])
    def test_its_worker_can_be_started_for_no_other_scope(
        self, served: Coffre, room: tuple[WorkersPage, Study], scope: str
    ) -> None:
        page, study = room
        told = {
            "worker": f"/records/{study.person.public_id}/ohif/worker/worker.js",
            "scope": scope.format(other=served.open_record().public_id),
        }
        assert page.page.evaluate(START_ELSEWHERE, told) == "SecurityError"

    @pytest.mark.long
    def test_a_page_of_another_origin_has_none_of_ours_in_a_frame(
        self, served: Coffre, context: BrowserContext, tmp_path: Path
    ) -> None:
        """On the same host, so that the sign-in's cookie would go along."""
        study = ct(served, 1, 16)
        page = WorkersPage(context, served)
        page.sign_in(study.person.token)
        document = study.person.documents()[0]["id"]
        record = study.person.public_id
        framed = [
            f"/records/{record}/ohif/viewer?StudyInstanceUIDs={study.uid}",
            f"/dossier/{record}/documents/{document}/viewer",
            f"/dossier/{record}/documents/{document}",
            "/consultations",
            "/",
        ]
        assert {context.request.get(served.url + each).status for each in framed} == {200}
        frames = "".join(f'<iframe src="{served.url}{each}"></iframe>' for each in framed)
        (tmp_path / "hostile.html").write_text(f"<!doctype html><title>Hostile</title>{frames}")
        with faulty_store.serving(faulty_store.Store({"hostile": tmp_path})) as hostile:
            other = context.new_page()
            other.goto(f"{hostile.url}/hostile/hostile.html")
            shown = [each.url for each in other.frames[1:]]
            assert shown == ["chrome-error://chromewebdata/"] * len(framed)


class TestRights:
    def test_a_right_that_is_taken_back_counts_at_the_next_frame(
        self, served: Coffre, page: WorkersPage
    ) -> None:
        study = ct(served)
        study.person.authorise()
        page.sign_in(served.professional(DOCTOR))
        page.open(study.person)
        assert page.get(study.frame(0), FRAMES).status == 200
        assert study.person.call("DELETE", f"/authorisations/{DOCTOR}").status_code == 204
        refused = [page.get(study.frame(number), FRAMES) for number in (1, 2, 1)]
        assert [each.status for each in refused] == [403, 403, 403]
        assert {each.json["code"] for each in refused} == {"not_authorised"}
        assert "accès" in page.page.inner_text("#coffre-message")

    def test_a_grant_that_has_ended_is_asked_for_anew_and_has_its_line(
        self, opened: tuple[WorkersPage, Study]
    ) -> None:
        page, study = opened
        assert page.get(study.frame(0), FRAMES).status == 200
        (worker,) = page.context.service_workers
        worker.evaluate("const now = Date.now; Date.now = () => now() + 890_000")
        assert page.get(study.frame(1), ONE).content == study.datasets[1].PixelData
        assert len(_retrievals(study)) == 2

    def test_a_grant_out_of_its_time_opens_nothing(self, opened: tuple[WorkersPage, Study]) -> None:
        page, study = opened
        (worker,) = page.context.service_workers
        worker.evaluate("const now = Date.now; Date.now = () => now() + 86_400_000")
        answer = page.get(study.frame(0), FRAMES)
        assert (answer.status, answer.json["code"]) == (502, "grant_expired")

    def test_a_token_of_a_requests_own_counts_for_it_alone(self, served: Coffre, page: WorkersPage) -> None:
        study = ct(served, 1, 16)
        page.open(study.person)
        token = {"Authorization": f"Bearer {study.person.token}"}
        assert page.get(study.frame(), ONE, **token).content == study.datasets[0].PixelData
        assert page.get(study.frame(), ONE).status == 401

    def test_without_a_sign_in_nothing_is_opened(self, served: Coffre, page: WorkersPage) -> None:
        study = ct(served, 1, 16)
        page.open(study.person)
        assert page.get(study.frame(), FRAMES).status == 401


class TestLife:
    def test_several_tabs_share_one_grant(self, opened: tuple[WorkersPage, Study]) -> None:
        page, study = opened
        other = WorkersPage(page.context, page.coffre)
        other.open(study.person)
        for each, number in ((page, 0), (other, 1)):
            assert each.get(study.frame(number), ONE).content == study.datasets[number].PixelData
        page.page.close()
        assert other.get(study.frame(2), ONE).content == study.datasets[2].PixelData
        assert len(_retrievals(study)) == 1

    def test_a_worker_that_the_browser_ended_opens_again_under_a_new_grant(
        self, opened: tuple[WorkersPage, Study]
    ) -> None:
        page, study = opened
        assert page.get(study.frame(0), FRAMES).status == 200
        session = page.context.new_cdp_session(page.page)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        page.page.wait_for_timeout(500)
        assert page.get(study.frame(1), ONE).content == study.datasets[1].PixelData
        assert len(_retrievals(study)) == 2

    def test_whoever_signs_out_ends_it_in_every_tab(self, opened: tuple[WorkersPage, Study]) -> None:
        page, study = opened
        assert page.get(study.frame(0), FRAMES).status == 200
        (worker,) = page.context.service_workers
        assert worker.evaluate(ASK_THE_WORKER, study.frame(1)) == 200
        other = page.context.new_page()
        other.goto(f"{page.coffre.url}/")
        other.click("form.sign-out button")
        other.wait_for_url("**/?fait=signed_out")
        assert other.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
        page.until(lambda: page.page.url == f"{page.coffre.url}/")  # nothing stays on the screen
        # the browser ends a worker when it likes; this one has let go of its keys
        assert worker.evaluate(ASK_THE_WORKER, study.frame(1)) == 401

    def test_whoever_signs_in_as_somebody_else_gets_nothing_of_the_one_before(
        self, served: Coffre, opened: tuple[WorkersPage, Study]
    ) -> None:
        page, study = opened
        assert page.get(study.frame(0), FRAMES).status == 200
        other = WorkersPage(page.context, served)
        other.sign_in(served.open_record().token)
        other.open(study.person)
        assert other.get(study.frame(0), FRAMES).status == 403

    def test_a_browser_that_passes_it_by_is_told_so(self, opened: tuple[WorkersPage, Study]) -> None:
        page, _ = opened
        session = page.context.new_cdp_session(page.page)
        session.send("Network.enable")
        session.send("Network.setBypassServiceWorker", {"bypass": True})
        page.page.reload()
        page.until(lambda: "n'a pas pu démarrer" in page.page.inner_text("main"))

    def test_a_browser_without_x25519_is_told_what_to_do(self, served: Coffre, page: WorkersPage) -> None:
        person = served.open_record()
        page.page.add_init_script(NO_X25519)
        page.page.goto(f"{served.url}/records/{person.public_id}/ohif/viewer")
        page.until(lambda: "trop ancien" in page.page.inner_text("main"))
        assert "aucune image ne peut être montrée" in page.page.inner_text("main")
        assert page.page.query_selector("main a.button") is None


@pytest.mark.long
def test_a_study_of_two_thousand_slices_is_read_in_bounded_memory(
    served: Coffre, browser: Browser, page: WorkersPage
) -> None:
    study = ct(served, SLICES, 128)
    page.sign_in(study.person.token)
    page.open(study.person)
    memory = WorkersMemory(browser, page.page)
    assert len(page.get(f"{study.series()}/metadata").json) == SLICES
    described = memory.held()
    assert described < MOST_HELD
    for begin in range(0, SLICES, 100):
        addresses = [study.frame(number) for number in range(begin, begin + 100)]
        assert page.page.evaluate(READ_ALL, {"paths": addresses, "accept": ONE}) == 100 * 128 * 128 * 2
        assert memory.held() < described + MOST_KEPT
    assert len(_retrievals(study)) == 1


@pytest.mark.long
def test_a_new_version_takes_over_with_the_next_page(
    context: BrowserContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = tmp_path / "older" / "viewer_api"
    shutil.copytree(ROOT / "viewer_api", older)
    with (older / "ohif" / "worker" / "worker.js").open("a") as script:
        script.write("globalThis.version = 'older';\n")
    initialise(load(data=tmp_path / "data"))
    monkeypatch.setenv("COFFRE_OHIF", str(ohif.dist()))
    monkeypatch.setenv("COFFRE_GATEWAY", "off")
    with monkeypatch.context() as before:
        before.setenv("PYTHONPATH", str(older.parent))
        before.setenv("PYTHONSAFEPATH", "1")
        server = WarmServer(tmp_path / "data")
        with server:
            coffre = Coffre(tmp_path / "data", server)
            page, study = WorkersPage(context, coffre), ct(coffre)
            page.sign_in(study.person.token)
            page.open(study.person)
            assert page.get(study.frame(0), ONE).content == study.datasets[0].PixelData
            assert _versions(context) == ["older"]
    with WarmServer(tmp_path / "data", server.port):
        page.open(study.person)
        page.until(lambda: None in _versions(context) and page.page.evaluate(IS_SETTLED))
        assert page.get(study.frame(1), ONE).content == study.datasets[1].PixelData
        assert len(_retrievals(study)) == 2  # the new one's own grant


@pytest.mark.long
def test_ranges_come_from_a_store_of_another_origin(
    context: BrowserContext, seaweedfs_server: S3Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = WarmServer(tmp_path / "data")
    for name, value in {
        "COFFRE_PUBLIC_URL": server.url,
        "COFFRE_OBJECTS_URL": seaweedfs_server.url("s3", f"viewer-{uuid4().hex}"),
        "COFFRE_OBJECTS_PUBLIC_URL": seaweedfs_server.endpoint,
        "COFFRE_OHIF": str(ohif.dist()),
        "COFFRE_GATEWAY": "off",
        **seaweedfs_server.environment(),
    }.items():
        monkeypatch.setenv(name, value)
    initialise(load(data=tmp_path / "data"))
    with server:
        page = WorkersPage(context, Coffre(tmp_path / "data", server))
        person = page.coffre.open_record()
        (content,) = person.ct(1, 64)
        study = Study(person, [pydicom.dcmread(BytesIO(content))], [content], [])
        assert page.coffre.stow(page.coffre.depositor(), [content], person.ins).status_code == 200
        page.sign_in(person.token)
        page.open(person)
        assert page.get(study.frame(), ONE).content == study.datasets[0].PixelData


class TestPolicies:
    def test_each_page_and_script_has_the_narrowest_that_it_runs_under(self, served: Coffre) -> None:
        folder = f"/records/{served.open_record().public_id}/ohif"
        start = served.http.get(f"{folder}/viewer")
        assert start.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; worker-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        worker = served.http.get(f"{folder}/worker/worker.js")
        assert worker.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; connect-src 'self'"
        )
        assert worker.headers["service-worker-allowed"] == f"{folder}/"
        assert worker.headers["cache-control"] == "no-cache"
        for each in ("worker/retrieval.js", "worker/page.js"):
            assert "service-worker-allowed" not in served.http.get(f"{folder}/{each}").headers

    def test_the_worker_may_ask_the_store_where_that_has_an_address_of_its_own(self) -> None:
        files = WorkerFiles("https://objects.example:9000/bucket")
        policy = files.headers("worker/worker.js", "/records/…/ohif/")["Content-Security-Policy"]
        assert policy.endswith("connect-src 'self' https://objects.example:9000")

    @pytest.mark.long
    @pytest.mark.parametrize("project", ["worker.json", "pages.json"])
    def test_its_modules_have_the_types_that_they_say(self, project: str) -> None:
        node.tools()
        command = [
            node.program(),
            node.FOLDER / "node_modules/typescript/bin/tsc",
            "-p",
            Path(__file__).parent / "worker_types" / project,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout

    def test_ohifs_page_is_given_to_the_worker_alone(self, served: Coffre) -> None:
        folder = f"/records/{served.open_record().public_id}/ohif"
        navigated = served.http.get(f"{folder}/index.html", headers={"Sec-Fetch-Mode": "navigate"})
        assert "app.bundle" not in navigated.text
        fetched = served.http.get(f"{folder}/index.html", headers={"Sec-Fetch-Mode": "cors"})
        assert "app.bundle" in fetched.text
        assert "init-service-worker" not in fetched.text  # it takes every worker of the origin away

    def test_no_request_of_content_reaches_the_gateway_that_is_off(self, served: Coffre) -> None:
        study = ct(served, 1, 16)
        answer = httpx.get(served.url + study.frame(), headers=bearer(study.person.token))
        assert answer.status_code == 501


def _retrievals(study: Study) -> list[dict[str, object]]:
    return [each for each in study.person.log() if each["action"] == "retrieve"]


def _versions(context: BrowserContext) -> list[str | None]:
    return [worker.evaluate("globalThis.version ?? null") for worker in context.service_workers]


def _frames(dataset: pydicom.FileDataset) -> int:
    return int(dataset.get("NumberOfFrames", 1) or 1)


def _native(dataset: pydicom.FileDataset) -> bytes:
    """The first frame as Explicit VR Little Endian has it."""
    size = len(dataset.PixelData) // _frames(dataset)
    samples = dataset.PixelData[:size]
    if dataset.file_meta.TransferSyntaxUID != BIG_ENDIAN:
        return bytes(samples)
    return numpy.frombuffer(samples, ">u2").astype("<u2").tobytes()
