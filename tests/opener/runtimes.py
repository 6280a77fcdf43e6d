"""Where the opener runs in tests: Node, and a page of a browser on the store's own origin."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from playwright.sync_api import Browser, Page

from tests.opener import node
from tests.opener.faulty_store import Store
from tests.services.firefox import FirefoxPage, firefox

ANSWER = """async ([folder, work]) => {
    const { answers, load } = await import("/node/answer.js");
    return answers(await load(folder), work);
}"""
BEHAVE = """async ([folder, name, told]) => {
    const { load } = await import("/node/answer.js");
    const { BEHAVIOUR } = await import("/node/behave.js");
    return BEHAVIOUR[name](await load(folder), told);
}"""


class Runtime(Protocol):
    """Runs the opener on what it is told."""

    def answers(self, work: list[dict[str, Any]]) -> list[Any]: ...

    def behaves(self, name: str, told: dict[str, Any]) -> Any: ...


class InNode:
    def answers(self, work: list[dict[str, Any]]) -> list[Any]:
        found: list[Any] = node.run("answer_all.js", work)
        return found

    def behaves(self, name: str, told: dict[str, Any]) -> Any:
        return node.run("behave_one.js", {"name": name, "told": told})


class InChromium:
    def __init__(self, page: Page, store: Store) -> None:
        self._page, self._folder = page, f"{store.url}/opener"

    def answers(self, work: list[dict[str, Any]]) -> list[Any]:
        found: list[Any] = self._page.evaluate(ANSWER, [self._folder, work])
        return found

    def behaves(self, name: str, told: dict[str, Any]) -> Any:
        return self._page.evaluate(BEHAVE, [self._folder, name, told])


class InFirefox:
    def __init__(self, page: FirefoxPage, store: Store) -> None:
        self._page, self._folder = page, f"{store.url}/opener"

    def answers(self, work: list[dict[str, Any]]) -> list[Any]:
        found: list[Any] = self._page.evaluate_in_page(ANSWER, [self._folder, work])
        return found

    def behaves(self, name: str, told: dict[str, Any]) -> Any:
        return self._page.evaluate_in_page(BEHAVE, [self._folder, name, told])


@contextmanager
def in_firefox(store: Store) -> Iterator[Runtime]:
    with firefox() as page:
        page.goto(f"{store.url}/node/page.html")
        yield InFirefox(page, store)


@contextmanager
def in_chromium(browser: Browser, store: Store) -> Iterator[Runtime]:
    page = browser.new_page()
    try:
        page.goto(f"{store.url}/node/page.html")
        yield InChromium(page, store)
    finally:
        page.close()
