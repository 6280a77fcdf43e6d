"""The opener reads the formats as Python does, and refuses what Python refuses: in Node and in Chromium."""

from types import ModuleType

from tests.opener import work
from tests.opener.faulty_store import Store
from tests.opener.runtimes import Runtime
from tests.opener.work import Answers
from tests.unit.keyvault.test_golden_vectors import script

__all__ = ["script"]


def check(runtime: Runtime, store: Store, expected: Answers) -> None:
    store.asked.clear()
    found = runtime.answers([{**each, "base": store.url} for each, _ in expected.values()])
    differing = {
        name: (got, wanted)
        for (name, (_, wanted)), got in zip(expected.items(), found, strict=True)
        if got != wanted
    }
    assert not differing


def test_grants(runtime: Runtime, store: Store) -> None:
    check(runtime, store, work.grants())


def test_golden_blobs(runtime: Runtime, store: Store, script: ModuleType) -> None:
    check(runtime, store, work.golden_blobs(store, script.seal_blob, script.stream))


def test_manipulated_blobs_and_commitments(runtime: Runtime, store: Store) -> None:
    check(runtime, store, work.manipulated(store))


def test_ranges_well_and_wrongly_answered(runtime: Runtime, store: Store) -> None:
    check(runtime, store, work.answered(store))


def test_texts(runtime: Runtime, store: Store) -> None:
    check(runtime, store, work.texts())


def test_series_metadata_and_renditions(runtime: Runtime, store: Store) -> None:
    check(runtime, store, work.descriptions())
