"""What visitors of the pages do, as the tests of pages have them do it."""

from typing import Any

from coffre.demonstration.files import data as demo_data
from keyvault.context import Vault
from tests.integration.pages import Browser, Page
from tests.integration.support import Coffre

REASON = "Patiente inconsciente, allergies à vérifier"
PDF = demo_data.report_pdf()
TITLE = "Compte rendu du scanner"


def vault_of(coffre: Coffre) -> Vault:
    """The vault over the server's own files, in this process."""
    with coffre.system() as system:
        reader: Any = system.guard.reader
        vault: Vault = reader._vault
        return vault


def shown(browser: Browser, listed: Page) -> str:
    """The address of a report's own bytes, from the page that shows it."""
    (frame,) = browser.get(listed.link("Ouvrir «")).all("iframe")
    return frame["src"]


def open_record(browser: Browser, ins: str, status: int = 200) -> Page:
    """Ask for a patient's record by INS, as from the professional's first page."""
    return browser.submit(browser.get("/").form("/dossier"), status, ins=ins)


def authorised(holder: Browser, **fields: str) -> Page:
    """Authorise a professional, and confirm it."""
    asked = holder.submit(holder.get("/choix").form("/choix", action="authorise"), **fields)
    return holder.submit(asked.form("/choix", action="authorise"))


def break_glass(browser: Browser, ins: str, reason: str = REASON, status: int = 200) -> Page:
    refused = open_record(browser, ins, 403)
    return browser.submit(refused.form("/dossier", purpose="bris_de_glace"), status, reason=reason)
