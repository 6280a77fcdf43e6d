"""What the viewer page does when something is wrong: it says so with a code, and draws nothing."""

from io import BytesIO

import pydicom
import pytest
from playwright.sync_api import Route

from tests.integration.support import Coffre
from tests.viewer.viewer_page import ViewerPage, deposited

NO_X25519 = """
    const generate = crypto.subtle.generateKey.bind(crypto.subtle);
    const unknown = () => Promise.reject(new DOMException('', 'NotSupportedError'));
    const made = (how, ...more) => (how.name === 'X25519' ? unknown() : generate(how, ...more));
    crypto.subtle.generateKey = made;
"""
OBJECTS = "**/objects/**"


def flipped(route: Route) -> None:
    answer = route.fetch()
    body = bytearray(answer.body())
    body[len(body) // 2] ^= 1
    route.fulfill(response=answer, body=bytes(body))


def swapped(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=bytes(reversed(answer.body())))


def cut(route: Route) -> None:
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    route.fulfill(response=answer, headers=headers, body=answer.body()[:-1])


def ended(route: Route) -> None:
    route.fulfill(status=403, content_type="application/problem+json", body='{"code": "grant_ended"}')


def refused(route: Route) -> None:
    """As a browser does where the store does not admit the page."""
    route.abort("failed")


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
        pytest.param(swapped, {"blob_corrupt"}, id="another blob", marks=pytest.mark.long),
        pytest.param(cut, {"short_range", "blob_corrupt"}, id="a cut range", marks=pytest.mark.long),
        pytest.param(refused, {"unreachable", "store_unreachable"}, id="no CORS", marks=pytest.mark.long),
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
def test_a_browser_without_x25519_is_told_so(study: tuple[ViewerPage, str, str]) -> None:
    viewer, record, document = study
    viewer.page.add_init_script(NO_X25519)
    assert shown(viewer, record, document) == "no_x25519"
    assert "X25519" in viewer.page.locator("#message-text").inner_text()
