"""The viewer page in a browser: what it draws, says and asks for, and what the browser complains of."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pydicom
from playwright.sync_api import ConsoleMessage, Request

from tests.clients.ohif_viewer import Viewer, written
from tests.integration.support import Coffre, Patient
from tests.services import axe

TABLES_OF_REAL_FILES = {"modality": "mlut_18.dcm", "values of interest": "vlut_04.dcm"}
"""Images of pydicom-data whose grey values follow a table."""
UNCOVERED = """() => {
    const is_shown = id => !document.getElementById(id).hidden;
    const found = document.querySelector('canvas.cornerstone-canvas');
    const is_covered = ['cover', 'preview', 'loading'].some(is_shown);
    return found && found.width > 99 && !is_covered ? found.toDataURL('image/png') : null;
}"""
"""The picture that a reader sees: nothing while it is covered."""


@dataclass
class ViewerPage(Viewer):
    """One document of one person on its viewer page."""

    asked: list[str] = field(default_factory=list)
    """Every address that was asked for, whether it answered or not."""
    complaints: list[str] = field(default_factory=list)
    longest_s: float = 60.0
    canvas: str = UNCOVERED

    def __post_init__(self) -> None:
        super().__post_init__()
        self.page.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request: Request) -> None:
        self.asked.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def show(self, person: Patient, document: str | UUID, query: str = "") -> None:
        address = f"/dossier/{person.public_id}/documents/{document}/viewer{query}"
        self.page.goto(self.coffre.url + address, wait_until="domcontentloaded")

    @property
    def strangers(self) -> set[str]:
        """Origins that were asked and are not Coffre's."""
        found = {urlsplit(url) for url in self.asked if not url.startswith(("data:", "blob:"))}
        return {f"{url.scheme}://{url.netloc}" for url in found} - {self.coffre.url}

    @property
    def code(self) -> str:
        """Of the failure that is shown, once one is."""
        assert self.until(lambda: self.page.locator("#message").is_visible())
        return self.page.locator("#message-code").inner_text()

    @property
    def place(self) -> str:
        return self.page.locator("#place").inner_text()

    def says(self, text: str) -> bool:
        return self.until(lambda: text in self.page.inner_text("main"))

    def violations(self) -> list[str]:
        """Rules of axe-core that the page breaks."""
        return axe.violations(self.page)


def deposited(coffre: Coffre, person: Patient, datasets: list[pydicom.FileDataset]) -> str:
    """The id of the study that they make."""
    return deposited_files(coffre, person, [written(each) for each in datasets])


def deposited_files(coffre: Coffre, person: Patient, files: list[bytes]) -> str:
    before = {each["id"] for each in person.documents()}
    answer = coffre.stow(coffre.depositor(), files, person.ins)
    assert answer.status_code in (200, 202), answer.text  # 202: with a warning
    return _new(person, before)


def published(coffre: Coffre, person: Patient, pdf: bytes) -> str:
    before = {each["id"] for each in person.documents()}
    coffre.publish_pdf(coffre.depositor(), person.ins, pdf)
    return _new(person, before)


def _new(person: Patient, before: set[Any]) -> str:
    (document,) = {each["id"] for each in person.documents()} - before
    return str(document)
