"""One document of a record on its page: shown, and what its reader may do with it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from keyvault.verbs.reader.grants.reading import Whose
from records.documents.details import DocumentDetails
from records.documents.instances import live_series
from records.errors import NotFound
from records.vocabulary.codes import Action
from viewer_api.access import Access
from viewer_api.conflicts import conflicts
from viewer_api.summarising import summarised
from viewer_api.web.dossier.series import series_view
from viewer_api.web.mode import NORMAL, Mode, mode_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.words import DocumentView, author_structure, document_view


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document as pages show it, with what is known of its series and of whose it is."""

    view: DocumentView
    details: Sequence[DocumentDetails]
    whose: Whose


class DocumentPages:
    """Each page asks the vault with the visitor's own credential."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    async def document(
        self, request: Request, session: Session, record: str, document_id: UUID, mode: Mode
    ) -> OpenedDocument:
        """One document that the visitor may see. Raises `NotFound` or `NotAuthorised`."""
        call = mode.call(session)
        opened = await asyncio.to_thread(self._access.with_study, call, record, document_id)
        request.state.whose = opened.whose
        found = next((each for each in opened.documents if each.document_id == document_id), None)
        if found is None:
            raise NotFound("There is no such document in this record.", code="no_such_document")
        conflicting, listed = conflicts(opened.documents).get(document_id, ()), summarised(found)
        await self._site.learn(request, structures=[author_structure(listed)])
        view = document_view(listed, self._site.texts(request), conflicting)
        own = session.is_professional and found.facts.is_by(
            session.claims.get("rpps"), session.claims.get("structure")
        )
        return OpenedDocument(replace(view, own=own), found.details, opened.whose)

    async def study(
        self, request: Request, session: Session, record: str, document_id: UUID, mode: Mode = NORMAL
    ) -> Response:
        opened = await self.document(request, session, record, document_id, mode)
        if not opened.view.is_study:
            return self._shown(request, opened.view, record, mode)
        t = self._site.texts(request)
        return self._site.page(
            request,
            "study.html",
            document=opened.view,
            series=[series_view(each, n, t) for n, each in enumerate(live_series(opened.details), 1)],
            record=record,
            mode=mode,
        )

    async def announce(self, request: Request, session: Session, record: str, document_id: UUID) -> Response:
        """The patient was told what a document says, and sees it from now on."""
        await self._site.form(request, session)
        await asyncio.to_thread(self._access.announce, NORMAL.call(session), record, document_id)
        return self._site.redirect(f"/dossier/{record}/documents/{document_id}")

    async def refuse(self, request: Request, session: Session, record: str, document_id: UUID) -> Response:
        """The holder refuses a document, or takes it after all."""
        form = await self._site.form(request, session)
        reason = None if form.get("accepte") == "oui" else form.get("motif", "")
        await asyncio.to_thread(self._access.refuse, NORMAL.call(session), record, document_id, reason)
        return self._site.redirect(f"/dossier/{record}/documents/{document_id}")

    async def delete(self, request: Request, session: Session, record: str, document_id: UUID) -> Response:
        """Its author's side deletes a document; the vault says whose it is."""
        await self._site.form(request, session)
        await asyncio.to_thread(
            self._access.change_document, NORMAL.call(session), document_id, Action.DELETE
        )
        return self._site.redirect(f"/dossier/{record}")

    async def archive(self, request: Request, session: Session, record: str, document_id: UUID) -> Response:
        form = await self._site.form(request, session)
        action = Action.ARCHIVE if form.get("archive") == "oui" else Action.UNARCHIVE
        await asyncio.to_thread(self._access.change_document, NORMAL.call(session), document_id, action)
        return self._site.redirect(f"/dossier/{record}/documents/{document_id}")

    def _shown(self, request: Request, document: DocumentView, record: str, mode: Mode) -> Response:
        """A document of one file: a PDF on this page, anything else to be downloaded."""
        response = self._site.page(request, "one_file.html", document=document, record=record, mode=mode)
        policy = response.headers["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = f"{policy}; frame-src 'self'"
        return response


def install(routes: APIRouter, site: Site, pages: DocumentPages) -> None:
    @routes.get("/dossier/{record}/documents/{document_id}")
    async def study(record: UUID, document_id: UUID, request: Request) -> Response:
        return await pages.study(request, await site.session(request), str(record), document_id)

    @routes.post("/dossier/{record}/documents/{document_id}/annonce")
    async def announce(record: UUID, document_id: UUID, request: Request) -> Response:
        return await pages.announce(request, await site.session(request), str(record), document_id)

    @routes.post("/dossier/{record}/documents/{document_id}/refus")
    async def refuse(record: UUID, document_id: UUID, request: Request) -> Response:
        return await pages.refuse(request, await site.session(request), str(record), document_id)

    @routes.post("/dossier/{record}/documents/{document_id}/suppression")
    async def delete(record: UUID, document_id: UUID, request: Request) -> Response:
        return await pages.delete(request, await site.session(request), str(record), document_id)

    @routes.post("/dossier/{record}/documents/{document_id}/archives")
    async def archive(record: UUID, document_id: UUID, request: Request) -> Response:
        return await pages.archive(request, await site.session(request), str(record), document_id)

    @routes.post("/dossier/{record}/documents/{document_id}")
    async def study_in_emergency(record: UUID, document_id: UUID, request: Request) -> Response:
        session = await site.session(request)
        mode = mode_of(await site.form(request, session))
        return await pages.study(request, session, str(record), document_id, mode)
