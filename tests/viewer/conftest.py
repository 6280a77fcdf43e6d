"""One Coffre without content in clear, and one browser, for all tests of the viewer page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, serving
from tests.services import ohif
from tests.viewer.viewer_page import ViewerPage
from viewer_api.viewer.built_files import BuiltViewer


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coffre]:
    if BuiltViewer.find() is None:
        raise RuntimeError("The viewer page is not built: `make viewer`, which says what it needs.")
    data = tmp_path_factory.mktemp("viewer") / "data"
    initialise(load(data=data))
    with serving(data, COFFRE_GATEWAY="false") as coffre:
        yield coffre


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its file: Playwright keeps an event loop in this thread, where other tests have theirs."""
    with ohif.chromium() as found:
        yield found


@pytest.fixture
def viewer(browser: Browser, served: Coffre) -> Iterator[ViewerPage]:
    page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="fr-FR")
    yield ViewerPage(page, served)
    page.close()
