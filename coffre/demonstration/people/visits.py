"""Visits of the demo's people, once a door has let them in: pages, and grants in a session of theirs."""

from collections.abc import Mapping
from uuid import UUID

import httpx

from client.fetch.documents import FetchClient
from client.http_client import CoffreClient
from coffre.demonstration.expecting import expect
from coffre.demonstration.people.browser import LANGUAGE, Browser, InSession, Page, ShownDocument
from viewer_api.web.texts import Texts

FORBIDDEN = httpx.codes.FORBIDDEN
TEXTS = Texts(LANGUAGE)


class Visit:
    """Somebody signed in. `pinned` are the keys whose grants are accepted."""

    def __init__(self, browser: Browser, record: UUID, pinned: Mapping[str, bytes]) -> None:
        self.browser, self.record, self._pinned = browser, record, pinned
        self.client = CoffreClient(browser.url, None, transport=InSession(browser))
        self._objects = CoffreClient(browser.url, None)

    def reader(self, *, purpose: str = "normal", reason: str | None = None) -> FetchClient:
        """Takes and opens grants, as the page of images does: the vault seals them to a key of this side."""
        return FetchClient(
            self.client, self._objects, self.record, self._pinned, purpose=purpose, reason=reason
        )

    @property
    def secrets(self) -> Mapping[str, str]:
        return self.browser.cookies


class PatientsVisit(Visit):
    """The holder on her own pages."""

    def documents(self) -> list[ShownDocument]:
        return self.browser.get("/").documents

    def sees(self, document: str | None) -> bool:
        return document in {each.id for each in self.documents()}

    def choose(self, **fields: str) -> str:
        """One choice, confirmed; answers what the page of the confirmation says."""
        page = self.browser.get("/choix")
        asked = self.browser.submit(page.form("/choix", action="authorise"), **fields)
        self.browser.submit(asked.form("/choix", confirmed="oui"))
        return asked.text

    def oppose(self, mode: str) -> None:
        """No access in this emergency mode any more, confirmed."""
        page = self.browser.get("/choix")
        asked = self.browser.submit(page.form("/choix", action="set_emergency", mode=mode))
        self.browser.submit(asked.form("/choix", confirmed="oui"))

    def show(self, professional: str, document: str) -> None:
        """One document to somebody who is authorised for chosen ones."""
        place = f"/choix/{professional}"
        self.browser.submit(self.browser.get(place).form(place), **{f"document-{document}": "oui"})

    def mask(self, document: str) -> None:
        here = f"/documents/{document}/visibilite"
        self.browser.submit(self.browser.get("/").form(here, masque="oui"))

    def refuse(self, document: str, reason: str) -> None:
        here = f"/dossier/{self.record}/documents/{document}"
        self.browser.submit(self.browser.get(here).form(f"{here}/refus"), motif=reason)

    def end_team(self) -> None:
        """The one team that there is."""
        page = self.browser.get("/equipes")
        (fin,) = (each for each in page.forms if each.action.endswith("/fin"))
        self.browser.submit(fin)

    def notices(self) -> Page:
        return self.browser.get("/avis")

    def has_notice(self, kind: str) -> bool:
        return said(f"notices.{kind}") in self.notices().text

    def read_notices(self) -> None:
        self.browser.submit(self.notices().form("/avis"))

    def log(self) -> Page:
        return self.browser.get("/consultations")


class ProfessionalsVisit(Visit):
    """A professional before one record."""

    def ask(self, ins: str, status: int = httpx.codes.OK) -> Page:
        """As from the first page, by INS."""
        form = self.browser.get("/").form("/dossier")
        return self.browser.led(self.browser.send(form, ins=ins), status)

    def refused(self) -> Page:
        """What is shown instead of the record."""
        page = self.browser.get(f"/dossier/{self.record}", FORBIDDEN)
        expect(said("refused.title") in page.text, "A refusal does not say what it is.")
        return page

    def documents(self) -> list[ShownDocument]:
        return self.browser.get(f"/dossier/{self.record}").documents

    def sees(self, document: str | None) -> bool:
        return document in {each.id for each in self.documents()}

    def announce(self, document: str) -> None:
        here = f"/dossier/{self.record}/documents/{document}"
        self.browser.submit(self.browser.get(here).form(f"{here}/annonce"))

    def record_consent(self, members: str, ins: str) -> None:
        """What the patient said in the visit; `members`: who may read as well, a number a line."""
        refused = self.ask(ins, FORBIDDEN)
        self.browser.submit(refused.form("/accord"), how="spoken", members=members)

    def break_glass(self, reason: str, ins: str) -> Page:
        refused = self.ask(ins, FORBIDDEN)
        return self.browser.submit(refused.form("/dossier", purpose="bris_de_glace"), reason=reason)


def said(key: str) -> str:
    """A text of the pages, with plain spaces, from behind the last place where something is put into it."""
    return " ".join(TEXTS(key).rpartition("}")[2].split()).strip(" ,")
