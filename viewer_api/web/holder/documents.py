"""The holder's own documents, and which of them professionals do not see."""

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from keyvault.verbs.reader.grants.reading import Disclosed
from records.errors import NotFound
from records.vocabulary.codes import Label
from viewer_api.access import Access
from viewer_api.record_pages import ShownPage
from viewer_api.web.holder.notices import shown as shown_notices
from viewer_api.web.holder.own import own
from viewer_api.web.paging import PREVIEWS, neighbours, page_of, place_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.words import author_structure, document_views


class OwnDocumentPages:
    """Every page asks the vault anew with the holder's own credential."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    async def documents(self, request: Request, session: Session) -> Response:
        asked = page_of(request.query_params)
        shown: ShownPage = await own(self._access.documents, session, asked)
        listing = shown.listing
        await self._site.learn(request, structures=[author_structure(each) for each in listing.documents])
        t = self._site.texts(request)
        ids = {str(document.document_id) for document in listing.documents}
        changed = request.query_params.get("document")
        return self._site.page(
            request,
            "documents.html",
            documents=document_views(shown, t),
            count=len(listing.documents),
            record=listing.public_id,
            pages=neighbours(asked, listing),
            changed=UUID(changed) if changed in ids else None,
            previews=PREVIEWS in request.query_params,
            done=request.query_params.get("fait"),
            **shown_notices(listing.notices, t),
        )

    async def label(self, request: Request, session: Session, document_id: UUID) -> Response:
        """Mask or unmask; the document's other labels stay, and so does the holder's place in the list."""
        form = await self._site.form(request, session)
        masked = form.get("masque") == "oui"
        place = place_of(form)
        opened: Disclosed = await own(self._access.named, session, [document_id])
        if not opened.documents:
            raise NotFound("There is no such document in this record.", code="no_such_document")
        (found,) = opened.documents
        labels = found.facts.labels - {Label.MASQUE_PS} | ({Label.MASQUE_PS} if masked else set())
        await own(self._access.label, session, document_id, sorted(labels))
        query = urlencode({**place, "document": str(document_id)})
        return self._site.redirect(f"/?{query}#document-{document_id}")


def install(routes: APIRouter, site: Site, pages: OwnDocumentPages) -> None:
    @routes.post("/documents/{document_id}/visibilite")
    async def label(document_id: UUID, request: Request) -> Response:
        return await pages.label(request, await site.session(request), document_id)
