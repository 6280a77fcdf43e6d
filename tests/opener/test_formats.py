"""The opener reads the formats as Python does, and refuses what Python refuses: in Node and in Chromium."""

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.opener import node, work
from tests.opener.faulty_store import Store, serving
from tests.opener.work import Answers
from tests.unit.keyvault.test_golden_vectors import script
from viewer_api.opener.files import HERE

__all__ = ["script"]
Run = Callable[[list[dict[str, Any]]], list[Any]]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with serving(Store({"opener": HERE, "node": node.FOLDER})) as store:
        yield store


@pytest.fixture(scope="module", params=["node", "chromium"])
def run(request: pytest.FixtureRequest, store: Store) -> Run:
    """Does work where the opener runs."""
    if request.param == "node":
        return partial(node.run, "answer_all.js")
    browser: Browser = request.getfixturevalue("browser")
    page = browser.new_page()
    request.addfinalizer(page.close)
    page.goto(f"{store.url}/node/page.html")

    def in_chromium(pieces: list[dict[str, Any]]) -> list[Any]:
        found: list[Any] = page.evaluate(
            """async ([folder, pieces]) => {
                const { answers, load } = await import("/node/answer.js");
                return answers(await load(folder), pieces);
            }""",
            [f"{store.url}/opener", pieces],
        )
        return found

    return in_chromium


def check(run: Run, store: Store, expected: Answers) -> None:
    store.asked.clear()
    found = run([{**each, "base": store.url} for each, _ in expected.values()])
    differing = {
        name: (got, wanted)
        for (name, (_, wanted)), got in zip(expected.items(), found, strict=True)
        if got != wanted
    }
    assert not differing


def test_grants(run: Run, store: Store) -> None:
    check(run, store, work.grants())


def test_golden_blobs(run: Run, store: Store, script: ModuleType) -> None:
    check(run, store, work.golden_blobs(store, script.seal_blob, script.stream))


def test_manipulated_blobs_and_commitments(run: Run, store: Store) -> None:
    check(run, store, work.manipulated(store))


def test_ranges_well_and_wrongly_answered(run: Run, store: Store) -> None:
    check(run, store, work.answered(store))


def test_texts(run: Run, store: Store) -> None:
    check(run, store, work.texts())


def test_series_metadata_and_renditions(run: Run, store: Store) -> None:
    check(run, store, work.descriptions())
