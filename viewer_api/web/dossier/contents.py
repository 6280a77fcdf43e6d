"""Answer a document or an image that somebody opens with its bytes, shut off from our pages."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from keyvault.verbs.call import Call
from keyvault.verbs.reader.lists.filling import ListPage
from records.errors import CoffreError, Invalid, NotFound
from records.profile.entries import MEDIA_TYPE
from viewer_api.gateway.gateway import Content, Gateway
from viewer_api.gateway.study_archive import study_archive
from viewer_api.web.dossier.record import DossierPages
from viewer_api.web.mode import NORMAL, Mode, mode_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site

PDF, DICOM, ZIP = "application/pdf", "application/dicom", "application/zip"
_SUFFIX = {PDF: "pdf", DICOM: "dcm", MEDIA_TYPE: "json"}
# whatever a document holds, it runs nothing and loads nothing as a page of ours
_POLICY = "sandbox; default-src 'none'"
# browsers show no PDF in a sandbox: their own reader opens it, apart from our pages, which alone may frame it
_SHOWN: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
CONTENT_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Contents:
    """Documents and images through the gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def document(
        self,
        session: Session,
        record: str,
        document_id: UUID,
        *,
        mode: Mode = NORMAL,
        download: bool = False,
        head: bool = False,
    ) -> Response:
        call = mode.call(session)
        found = await asyncio.to_thread(self._document, call, record, document_id, head)
        return _sent(found, f"document-{str(document_id)[:8]}", inline=not download, head=head)

    def _document(self, call: Call, record: str, document_id: UUID, head: bool) -> Content:
        found = self._gateway.document(call, record, document_id)
        return found if head else found.begun()

    async def study(
        self, session: Session, record: str, document_id: UUID, mode: Mode = NORMAL, *, head: bool = False
    ) -> Response:
        """All images of a study as one zip, of unknown length: it is made as it leaves."""
        call = mode.call(session)
        pieces = await asyncio.to_thread(self._zipped, call, record, document_id, head)
        name = f"images-{str(document_id)[:8]}.zip"
        headers = {**CONTENT_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingResponse(pieces, headers=headers, media_type=ZIP)

    def _zipped(self, call: Call, record: str, document_id: UUID, head: bool) -> Iterator[bytes]:
        study = self._gateway.dicom_document(call, record, document_id)
        study.check()
        return iter(()) if head else study_archive(study)

    async def instance(self, session: Session, record: str, form: Mapping[str, str]) -> Response:
        call = mode_of(form).call(session)
        document_id, sop = _document_of(form), form.get("sop", "")
        found = await asyncio.to_thread(
            lambda: self._gateway.instance(call, record, document_id, sop).begun()
        )
        return _sent(found, "image", inline=False)


def _document_of(form: Mapping[str, str]) -> UUID:
    try:
        return UUID(form.get("document", ""))
    except ValueError:
        raise Invalid("Say whose image with the document's id.", code="bad_request") from None


def _sent(content: Content, name: str, *, inline: bool, head: bool = False) -> Response:
    """A document as its own answer, under a name that says nothing of the person."""
    known = content.media_type in _SUFFIX
    disposition = "inline" if inline and content.media_type == PDF else "attachment"
    headers = {
        **CONTENT_HEADERS,
        **(_SHOWN if disposition == "inline" else {}),
        "Content-Disposition": f'{disposition}; filename="{name}.{_SUFFIX.get(content.media_type, "bin")}"',
        "Content-Length": str(content.length),
    }
    media_type = content.media_type if known else "application/octet-stream"
    if head:
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(content.pieces, headers=headers, media_type=media_type)


def install(routes: APIRouter, site: Site, contents: Contents, records: DossierPages) -> None:
    @asynccontextmanager
    async def page_of(request: Request, session: Session, record: UUID, mode: Mode) -> AsyncIterator[None]:
        """What is not found in an open record is told on a page of that record: the vault lists it anew."""
        try:
            yield
        except NotFound:
            if session.is_professional:
                with suppress(CoffreError):
                    await records.listed(request, session, str(record), mode, ListPage(limit=1))
            raise

    @routes.get("/dossier/{record}/documents/{document_id}/contenu")
    async def content(
        record: UUID, document_id: UUID, request: Request, telecharger: bool = False
    ) -> Response:
        session = await site.session(request)
        async with page_of(request, session, record, NORMAL):
            return await contents.document(
                session, str(record), document_id, download=telecharger, head=request.method == "HEAD"
            )

    @routes.post("/dossier/{record}/documents/{document_id}/contenu")
    async def content_in_emergency(record: UUID, document_id: UUID, request: Request) -> Response:
        session = await site.session(request)
        form = await site.form(request, session)
        mode, download = mode_of(form), form.get("telecharger") == "true"
        async with page_of(request, session, record, mode):
            return await contents.document(session, str(record), document_id, mode=mode, download=download)

    @routes.get("/dossier/{record}/documents/{document_id}/images.zip")
    async def archive(record: UUID, document_id: UUID, request: Request) -> Response:
        session = await site.session(request)
        async with page_of(request, session, record, NORMAL):
            return await contents.study(session, str(record), document_id, head=request.method == "HEAD")

    @routes.post("/dossier/{record}/documents/{document_id}/images.zip")
    async def archive_in_emergency(record: UUID, document_id: UUID, request: Request) -> Response:
        session = await site.session(request)
        mode = mode_of(await site.form(request, session))
        async with page_of(request, session, record, mode):
            return await contents.study(session, str(record), document_id, mode)

    @routes.post("/dossier/{record}/images")
    async def instance(record: UUID, request: Request) -> Response:
        session = await site.session(request)
        form = await site.form(request, session)
        async with page_of(request, session, record, mode_of(form)):
            return await contents.instance(session, str(record), form)
