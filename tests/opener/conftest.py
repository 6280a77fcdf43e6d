from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.opener import node
from tests.opener.faulty_store import Store, serving
from tests.opener.runtimes import InNode, Runtime, in_chromium, in_firefox
from tests.services.ohif import chromium
from viewer_api.opener.files import HERE


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its file: Playwright keeps an event loop in this thread, where other tests have theirs."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    with serving(Store({"opener": HERE, "node": node.FOLDER})) as store:
        yield store


@pytest.fixture(scope="module", params=["node", "chromium", pytest.param("firefox", marks=pytest.mark.long)])
def runtime(request: pytest.FixtureRequest, store: Store) -> Iterator[Runtime]:
    if request.param == "node":
        yield InNode()
        return
    if request.param == "firefox":
        with in_firefox(store) as runtime:
            yield runtime
        return
    with in_chromium(request.getfixturevalue("browser"), store) as runtime:
        yield runtime


@pytest.fixture(scope="module")
def in_browser(browser: Browser, store: Store) -> Iterator[Runtime]:
    with in_chromium(browser, store) as runtime:
        yield runtime
