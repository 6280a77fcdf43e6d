"""`/dossier/{record}`: show the documents that a reader may see, ordinarily or in an emergency."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from keyvault.verbs.reader.grants.reading import Whose
from keyvault.verbs.reader.lists.filling import ListPage
from records.documents.details import DocumentDetails, InstanceDetails, SeriesDetails
from records.documents.instances import live_series
from records.errors import Invalid, NotFound
from records.text.numbers import decimal
from records.vocabulary.codes import Action
from records.vocabulary.sectors import REGULATION_SETTING
from viewer_api.access import Access
from viewer_api.conflicts import conflicts
from viewer_api.record_pages import ShownPage
from viewer_api.refusals import ClosedTo, NotAuthorised
from viewer_api.summarising import summarised
from viewer_api.web.headers import HEADERS
from viewer_api.web.mode import NORMAL, Mode, mode_of
from viewer_api.web.paging import PREVIEWS, neighbours, page_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.texts import Texts
from viewer_api.web.words import (
    DocumentView,
    author_structure,
    document_view,
    document_views,
    profession,
    whose_view,
)

NO_CONTENT, UNPROCESSABLE, FORBIDDEN = 204, 422, 403
NO_PICTURES = frozenset({"AU", "DOC", "ECG", "HD", "KO", "PLAN", "PR", "REG", "RTPLAN", "RTSTRUCT", "SR"})
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document as pages show it, with what is known of its series and of whose it is."""

    view: DocumentView
    details: Sequence[DocumentDetails]
    whose: Whose


class DossierPages:
    """Lists and studies; each page asks the vault with the visitor's own credential."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    async def search(
        self, request: Request, session: Session, problem: str | None = None, ins: str = ""
    ) -> Response:
        """The professional's first page."""
        await self._site.learn(request, [session.claims.get("rpps")], [session.claims.get("structure")])
        t = self._site.texts(request)
        return self._site.page(
            request,
            "search.html",
            UNPROCESSABLE if problem else 200,
            profession=profession(session.claims.get("profession"), t),
            problem=problem,
            ins=ins,
        )

    async def find(self, request: Request, session: Session) -> Response:
        """From an INS, posted so that it is in no address, to the record's own page."""
        form = await self._site.form(request, session)
        ins = form.get("ins", "")
        mode = NORMAL
        try:
            mode = mode_of(form)
            if mode.is_emergency:  # the page itself is the answer: one access, one line in the log
                page = page_of(NOTHING)
                return self._list(request, page, await self.listed(request, session, ins, mode, page), mode)
            found = await asyncio.to_thread(self._access.find, mode.call(session), ins)
        except NotAuthorised as error:
            return self._refused(request, session, "/dossier", mode, {"ins": ins}, closed_to=error.closed_to)
        except Invalid as error:
            if error.code in ("reason_missing", "bad_reason"):
                return self._refused(request, session, "/dossier", mode, {"ins": ins}, error.code)
            if error.code in ("bad_ins", "bad_oid"):
                return await self.search(request, session, "bad_ins", ins)
            raise
        return self._site.redirect(f"/dossier/{found.public_id}")

    async def listing(
        self,
        request: Request,
        session: Session,
        record: str,
        mode: Mode = NORMAL,
        fields: Mapping[str, str] = NOTHING,
    ) -> Response:
        target, page = f"/dossier/{record}", page_of(fields)
        try:
            shown = await self.listed(request, session, record, mode, page)
        except NotAuthorised as error:
            return self._refused(request, session, target, mode, {}, closed_to=error.closed_to)
        except Invalid as error:
            if error.code != "reason_missing":
                raise
            return self._refused(request, session, target, mode, {}, error.code)
        return self._list(request, page, shown, mode)

    def _list(self, request: Request, asked: ListPage, shown: ShownPage, mode: Mode) -> Response:
        listing = shown.listing
        return self._site.page(
            request,
            "dossier.html",
            documents=document_views(shown, self._site.texts(request)),
            count=len(listing.documents),
            record=str(listing.public_id),
            pages=neighbours(asked, listing),
            previews=PREVIEWS in request.query_params,
            assumed=bool(listing.closed_by_assumption),
            log_is_open=listing.log_is_open,
            mode=mode,
        )

    async def listed(
        self, request: Request, session: Session, record: str, mode: Mode, page: ListPage
    ) -> ShownPage:
        """A page of the record's list; whose it is stands on whatever answers this request, an error too."""
        shown = await asyncio.to_thread(self._access.documents, mode.call(session), record, page)
        request.state.whose = shown.listing.whose
        await self._site.learn(
            request, structures=[author_structure(each) for each in shown.listing.documents]
        )
        return shown

    async def whose(self, request: Request, session: Session, record: str) -> Response:
        """For a viewer that others have written: what pages of the record are headed with, as JSON; nothing
        for its holder. Raises `NotAuthorised`.
        """
        if not session.is_professional:
            return Response(status_code=NO_CONTENT, headers=HEADERS)
        await self.listed(request, session, record, NORMAL, ListPage(limit=1))
        t = self._site.texts(request)
        view = whose_view(request.state.whose, t)
        rows = [
            (t("whose.label"), view.name),
            (t("whose.born"), f"{view.born} ({view.age})"),
            (t("whose.sex"), view.sex),
            (t("whose.ins"), view.ins),
            (t("whose.mode"), t(f"mode.{NORMAL.purpose.value}")),
        ]
        told = {"language": t.language, "label": t("whose.label"), "rows": rows}
        return JSONResponse(told, headers=HEADERS)

    def _refused(
        self,
        request: Request,
        session: Session,
        target: str,
        mode: Mode,
        fields: Mapping[str, str],
        problem: str | None = None,
        closed_to: ClosedTo | None = None,
    ) -> Response:
        """Not open to this professional; what remains is an emergency, with its reason, unless sector or
        profession open no record at all.
        """
        if not session.is_professional:
            raise NotAuthorised
        return self._site.page(
            request,
            "refused.html",
            UNPROCESSABLE if problem else FORBIDDEN,
            target=target,
            fields=fields,
            locator=fields.get("ins") or target.rpartition("/")[2],
            asked=uuid4(),
            problem=problem,
            tried=mode,
            reason=mode.reason or "",
            closed_to=closed_to,
            may_regulate=session.claims.get("setting") == REGULATION_SETTING,
        )

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


def series_view(series: SeriesDetails, number: int, t: Texts) -> dict[str, Any]:
    """A series for the page: description and modality in one line, images in the order of their number."""
    instances = sorted(series.instances, key=lambda each: (_number(each), each.sop))
    words = [_first(series.attributes, "0008103E"), series.modality]
    return {
        "number": number,
        "uid": series.uid,
        "has_pictures": series.modality not in NO_PICTURES,
        "title": " – ".join([t("study.series", number=number), *(word for word in words if word)]),
        "instances": [
            {"sop": each.sop, "number": n, "frames": each.frames or 1} for n, each in enumerate(instances, 1)
        ],
    }


def _first(attributes: Mapping[str, Any], tag: str) -> str:
    values = attributes.get(tag, {}).get("Value") or [""]
    return str(values[0])


def _number(instance: InstanceDetails) -> int:
    """Instance Number (0020,0013), an integer string; what is none comes last."""
    text = _first(instance.attributes, "00200013")
    try:
        return int(decimal(text))
    except (ValueError, OverflowError):
        return 2**31


def install(routes: APIRouter, site: Site, pages: DossierPages) -> None:
    @routes.post("/dossier")
    async def find(request: Request) -> Response:
        return await pages.find(request, await site.session(request))

    @routes.get("/dossier/{record}")
    async def listing(record: UUID, request: Request) -> Response:
        session = await site.session(request)
        if session.is_patient:
            return site.redirect("/")
        return await pages.listing(request, session, str(record), fields=request.query_params)

    @routes.post("/dossier/{record}")
    async def listing_in_emergency(record: UUID, request: Request) -> Response:
        session = await site.session(request)
        form = await site.form(request, session)
        return await pages.listing(request, session, str(record), mode_of(form), form)

    @routes.get("/dossier/{record}/titulaire")
    async def whose(record: UUID, request: Request) -> Response:
        return await pages.whose(request, await site.session(request), str(record))

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
