"""The page on which the holder chooses what one professional is shown: documents, and kinds of documents."""

from collections.abc import Mapping
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.choices.authorisations import DocumentKind, Scope
from records.errors import Invalid
from records.vocabulary.document_types import CLASS_NAMES
from viewer_api.access import Access
from viewer_api.record_pages import ShownPage
from viewer_api.web.holder.own import own
from viewer_api.web.paging import neighbours, page_of, place_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.words import author_structure, document_views

YES = "oui"


class ShownPages:
    """Every page asks the vault anew with the holder's own credential."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    async def page(self, request: Request, session: Session, professional: str) -> Response:
        """A page of the holder's documents, with what is chosen by now."""
        asked = page_of(request.query_params)
        given = await own(self._access.choices_about, session, professional)
        shown: ShownPage = await own(self._access.documents, session, asked)
        places = [author_structure(each) for each in shown.listing.documents]
        await self._site.learn(request, [professional], places)
        documents = document_views(shown, self._site.texts(request))
        return self._site.page(
            request,
            "shown.html",
            professional=professional,
            given=given,
            is_chosen=given.get("scope") == Scope.CHOSEN.value,
            chosen={UUID(each) for each in given.get("documents", ())},
            classes=CLASS_NAMES,
            kinds={each["class"] for each in given.get("kinds", ()) if each["domain"] is None},
            documents=documents,
            listed=",".join(str(each.id) for each in documents),
            pages=neighbours(asked, shown.listing),
            is_done=request.query_params.get("fait") == YES,
        )

    async def choose(self, request: Request, session: Session, professional: str) -> Response:
        """What the form shows is chosen or not; documents of other pages, and kinds of a domain, stay."""
        form = await self._site.form(request, session)
        given = await own(self._access.choices_about, session, professional)
        if not given:  # withdrawn meanwhile: the page says so
            return self._site.redirect(f"/choix/{quote(professional)}")
        before = {UUID(each) for each in given.get("documents", ())}
        listed = _listed(form)
        ticked = {each for each in listed if form.get(f"document-{each}") == YES}
        kinds = [
            DocumentKind(each["class"], each["domain"]) for each in given.get("kinds", ()) if each["domain"]
        ] + [DocumentKind(code) for code in CLASS_NAMES if form.get(f"sorte-{code}") == YES]
        chosen = sorted((before - listed) | ticked)
        await own(self._access.choose, session, professional, chosen, kinds)
        query = "".join(f"&{name}={value}" for name, value in place_of(form).items())
        return self._site.redirect(f"/choix/{quote(professional)}?fait={YES}{query}")


def _listed(form: Mapping[str, str]) -> set[UUID]:
    """The documents that stood on the page, ticked or not. Raises `Invalid` "bad_form"."""
    try:
        return {UUID(each) for each in form.get("liste", "").split(",") if each}
    except ValueError:
        raise Invalid("The form names no documents.", code="bad_form") from None


def install(routes: APIRouter, site: Site, pages: ShownPages) -> None:
    @routes.get("/choix/{professional}")
    async def page(professional: str, request: Request) -> Response:
        return await pages.page(request, await site.session(request), professional)

    @routes.post("/choix/{professional}")
    async def choose(professional: str, request: Request) -> Response:
        return await pages.choose(request, await site.session(request), professional)
