"""OHIF's service worker alone: a page that it controls, without OHIF, and what it answers there."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom
from playwright.sync_api import BrowserContext, Page

from coffre.demo_authority import identity_files
from tests.clients.ohif_viewer import written
from tests.integration.support import Coffre, Patient

LONGEST_S = 60.0
FRAMES = "multipart/related; type=application/octet-stream; transfer-syntax=*"
"""As OHIF asks."""
ONE = "application/octet-stream; transfer-syntax=*"
FETCH = """async ({path, headers}) => {
    const answer = await fetch(path, {headers});
    const bytes = new Uint8Array(await answer.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192)
        text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return {status: answer.status, headers: Object.fromEntries(answer.headers), content: btoa(text)};
}"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Study:
    """A study of somebody that was deposited, and where its bytes lie."""

    person: Patient
    datasets: list[pydicom.FileDataset]
    files: list[bytes] = field(repr=False)
    objects: list[Path]
    """The largest first: the images, then what describes them."""

    @property
    def uid(self) -> str:
        return str(self.datasets[0].StudyInstanceUID)

    @property
    def address(self) -> str:
        return f"/records/{self.person.public_id}/dicomweb/studies/{self.uid}"

    def series(self, number: int = 0) -> str:
        return f"{self.address}/series/{self.datasets[number].SeriesInstanceUID}"

    def instance(self, number: int = 0) -> str:
        return f"{self.series(number)}/instances/{self.datasets[number].SOPInstanceUID}"

    def frame(self, number: int = 0, frame: int = 1) -> str:
        return f"{self.instance(number)}/frames/{frame}"


def deposited(coffre: Coffre, person: Patient, datasets: list[pydicom.FileDataset]) -> Study:
    before, files = set(stored(coffre)), [written(each) for each in datasets]
    answer = coffre.stow(coffre.depositor(), files, person.ins)
    assert answer.status_code in (200, 202), answer.text  # 202: with a warning
    new = set(stored(coffre)) - before
    return Study(person, datasets, files, sorted(new, key=lambda path: -path.stat().st_size))


def stored(coffre: Coffre) -> list[Path]:
    return [path for path in (coffre.data / "objects" / "b").glob("*/*/*") if path.is_file()]


@dataclass
class WorkersPage:
    """A page below somebody's record, signed in, which the worker controls."""

    context: BrowserContext
    coffre: Coffre
    page: Page = field(init=False)

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.route("**/*.bundle.*", lambda route: route.abort())

    def sign_in(self, token: str) -> None:
        with self.coffre.system() as system:
            self.page.goto(identity_files.sign_in_link(system, token, self.coffre.url))

    def open(self, person: Patient) -> None:
        self.page.goto(f"{self.coffre.url}/records/{person.public_id}/ohif/viewer")
        self.until(self.is_controlled)

    def is_controlled(self) -> bool:
        """The page of OHIF, from the worker."""
        return bool(
            self.page.evaluate(
                "document.querySelector('script[src*=\"/worker/page.js\"]') !== null"
                " && navigator.serviceWorker.controller !== null"
            )
        )

    def get(self, path: str, accept: str = "*/*", **headers: str) -> Answer:
        found = self.page.evaluate(FETCH, {"path": path, "headers": {"Accept": accept, **headers}})
        return Answer(found["status"], found["headers"], base64.b64decode(found["content"]))

    def until(self, found: Callable[[], bool]) -> None:
        """Looked at from outside: a strict policy allows no eval in the page."""
        until = time.monotonic() + LONGEST_S
        while time.monotonic() < until:
            try:
                if found():
                    return
            except Exception as error:
                if "context was destroyed" not in str(error) and "navigation" not in str(error):
                    raise
            self.page.wait_for_timeout(100)
        raise AssertionError(f"Not within {LONGEST_S} s; the page shows {self.page.inner_text('body')[:300]}")


def parts(answer: Answer) -> list[tuple[str, bytes]]:
    """Content type and bytes of each part."""
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    found = []
    for piece in answer.content.split(b"--" + boundary)[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        types = [line for line in head.decode().split("\r\n") if line.startswith("Content-Type: ")]
        found.append((types[0].removeprefix("Content-Type: "), content.removesuffix(b"\r\n")))
    return found
