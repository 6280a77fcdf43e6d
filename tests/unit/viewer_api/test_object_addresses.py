"""Where readers fetch sealed objects: from the store itself, or through the reader where they must."""

from uuid import UUID, uuid4

import pytest

from coffre.settings import load
from storage.ports.objects import ObjectStore
from viewer_api.routes.objects import Presigner, addresses

ORIGIN = "https://coffre.example"
STORES = "https://objects.example"


class Served:
    """A store with addresses of its own."""

    def presigned(self, blob_id: UUID, version: int, seconds: int) -> str | None:
        return STORES


class Embedded:
    """One without."""

    def presigned(self, blob_id: UUID, version: int, seconds: int) -> str | None:
        return None


@pytest.mark.parametrize(
    ("store", "relayed", "own"), [(Served(), False, False), (Served(), True, True), (Embedded(), False, True)]
)
def test_they_are_told_an_address_that_they_reach(store: ObjectStore, relayed: bool, own: bool) -> None:
    blob = uuid4()
    told = addresses(store, Presigner(bytes(32), ORIGIN), relayed=relayed)(uuid4(), blob, 1)
    assert told.startswith(f"{ORIGIN}/objects/{blob}/1?" if own else STORES)


@pytest.mark.parametrize(
    ("public", "relays"),
    [(None, False), (STORES, False), (ORIGIN, True), (f"{ORIGIN}/", True)],
)
def test_the_site_s_own_name_says_that_the_reader_passes_them_on(public: str | None, relays: bool) -> None:
    assert load(public_url=ORIGIN, objects_public_url=public).relays_objects is relays
