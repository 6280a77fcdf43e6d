"""The running gateway before a store that answers something else than was asked for (docs/formats.md §6.4).

A clear code, nothing half served as whole, and the next request is answered once the store is well again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, bearer, serving
from tests.unit.viewer_api.test_gateway_store import FAULTS, Answer, Store, cut, exact, running

WAYS = {
    "": "application/dicom",
    "/frames/1": "application/octet-stream",
    "/bulkdata/7FE00010": "application/octet-stream",
    "/rendered": "image/png",
}


class Folder(Store):
    """Serves the objects of a data directory, all but its metadata as `answer` says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(b"")
        self._folder = folder

    def of(self, path: str) -> Store:
        content = (self._folder / path.partition("?")[0].removeprefix("/bucket/")).read_bytes()
        return cast(Store, SimpleNamespace(content=content, asked=self.asked))


@dataclass(frozen=True)
class Scene:
    """One image of two mebibytes and whoever may read it, before a store whose answers a test chooses."""

    coffre: Coffre
    store: Folder
    headers: dict[str, str]
    instance: str
    content: bytes

    def get(self, below: str) -> httpx.Response:
        headers = {**self.headers, "Accept": WAYS[below]}
        return self.coffre.http.get(self.instance + below, headers=headers)

    def failing(self, below: str, answer: Answer) -> httpx.Response:
        assert self.get(below).status_code == 200  # and its description is known
        self.store.answer = answer
        try:
            return self.get(below)
        finally:
            self.store.answer = exact


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    data = tmp_path_factory.mktemp("store") / "data"
    initialise(load(data=data))
    with serving(data) as coffre:
        patient = coffre.open_record()
        (content,) = patient.ct(slices=1, size=1024)
        assert coffre.stow(coffre.depositor(), [content], patient.ins).status_code == 200
        (found,) = patient.call("GET", "/dicomweb/instances").json()
        names = [found[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
        headers = bearer(patient.token)
    study, series, sop = names
    instance = f"/records/{patient.public_id}/dicomweb/studies/{study}/series/{series}/instances/{sop}"
    with running(Folder(data / "objects")) as store:
        endpoint = f"http://127.0.0.1:{store.server_address[1]}"
        url = f"s3://bucket?endpoint={endpoint}&region=us-east-1&addressing=path&timeout=2&patience=0.5"
        keys = {"COFFRE_S3_ACCESS_KEY_ID": "key", "COFFRE_S3_SECRET_ACCESS_KEY": "secret"}
        with serving(data, COFFRE_OBJECTS_URL=url, **keys) as coffre:
            yield Scene(coffre, store, headers, instance, content)


@pytest.mark.parametrize(
    ("kind", "below"),
    [
        *((kind, "/frames/1") for kind in FAULTS),
        *(("200 instead of 206", below) for below in WAYS if below != "/frames/1"),
    ],
)
def test_a_fault_is_an_answer_of_its_own(scene: Scene, kind: str, below: str) -> None:
    fault, code = FAULTS[kind]
    answer = scene.failing(below, fault)
    assert (answer.status_code >= 500, answer.json()["code"]) == (True, code)
    assert scene.get(below).status_code == 200


def test_a_body_that_is_always_cut_never_comes_to_its_end(scene: Scene) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        scene.failing("", cut)
    assert scene.get("").content == scene.content


def test_a_store_that_fails_for_the_description_fails_for_all_of_it(scene: Scene) -> None:
    """Under a grant of its own, with a purpose of its own: nothing is known yet."""
    fault, code = FAULTS["200 instead of 206"]
    scene.store.answer = fault
    try:
        series = scene.instance.partition("/instances/")[0]
        answer = scene.coffre.http.get(f"{series}/metadata", headers=scene.headers)
    finally:
        scene.store.answer = exact
    assert (answer.status_code, answer.json()["code"]) == (503, code)
