"""`/dossier/{record}`: show the documents that a reader may see, ordinarily or in an emergency."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.details import InstanceDetails, SeriesDetails
from records.errors import Invalid, NotFound
from records.instances import live_series, newest
from records.numbers import decimal
from records.vocabulary.sectors import REGULATION_SETTING
from viewer_api.access import Access, Opened
from viewer_api.refusals import NotAuthorised
from viewer_api.web.mode import NORMAL, Mode, mode_of
from viewer_api.web.paging import paged
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.texts import Texts
from viewer_api.web.words import document_views, profession

UNPROCESSABLE, FORBIDDEN = 422, 403


class DossierPages:
    """Lists and studies; each page asks the vault with the visitor's own credential."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    def search(
        self, request: Request, session: Session, problem: str | None = None, ins: str = ""
    ) -> Response:
        """The professional's first page."""
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
                return self._list(request, await self.opened(request, session, ins, mode), mode)
            found = await asyncio.to_thread(self._access.find, mode.call(session), ins)
        except NotAuthorised:
            return self._refused(request, session, "/dossier", mode, {"ins": ins})
        except Invalid as error:
            if error.code in ("reason_missing", "bad_reason"):
                return self._refused(request, session, "/dossier", mode, {"ins": ins}, error.code)
            if error.code in ("bad_ins", "bad_oid"):
                return self.search(request, session, "bad_ins", ins)
            raise
        return self._site.redirect(f"/dossier/{found.public_id}")

    async def listing(
        self,
        request: Request,
        session: Session,
        record: str,
        mode: Mode = NORMAL,
        asked: str | None = None,
    ) -> Response:
        target = f"/dossier/{record}"
        try:
            opened = await self.opened(request, session, record, mode)
        except NotAuthorised:
            return self._refused(request, session, target, mode, {})
        except Invalid as error:
            if error.code != "reason_missing":
                raise
            return self._refused(request, session, target, mode, {}, error.code)
        return self._list(request, opened, mode, asked)

    def _list(self, request: Request, opened: Opened, mode: Mode, asked: str | None = None) -> Response:
        t = self._site.texts(request)
        shown, page = paged(opened.listing.documents, asked)
        return self._site.page(
            request,
            "dossier.html",
            documents=document_views(shown, opened.listing.documents, t),
            count=len(opened.listing.documents),
            record=str(opened.listing.public_id),
            page=page,
            mode=mode,
        )

    async def opened(self, request: Request, session: Session, record: str, mode: Mode = NORMAL) -> Opened:
        """The record's list; whose it is stands on whatever page answers this request, an error's too."""
        opened = await asyncio.to_thread(self._access.documents, mode.call(session), record)
        request.state.whose = opened.listing.whose
        return opened

    def _refused(
        self,
        request: Request,
        session: Session,
        target: str,
        mode: Mode,
        fields: Mapping[str, str],
        problem: str | None = None,
    ) -> Response:
        """Not open to this professional; what remains is an emergency, with its reason."""
        if not session.is_professional:
            raise NotAuthorised
        return self._site.page(
            request,
            "refused.html",
            UNPROCESSABLE if problem else FORBIDDEN,
            target=target,
            fields=fields,
            problem=problem,
            tried=mode,
            reason=mode.reason or "",
            may_regulate=session.claims.get("setting") == REGULATION_SETTING,
        )

    async def study(
        self, request: Request, session: Session, record: str, document_id: UUID, mode: Mode = NORMAL
    ) -> Response:
        opened = await self.opened(request, session, record, mode)
        found = next((each for each in opened.listing.documents if each.document_id == document_id), None)
        if found is None or not newest(found.details).study_uid:
            raise NotFound("There is no such study in this record.", code="no_such_document")
        t = self._site.texts(request)
        (document,) = document_views([found], opened.listing.documents, t)
        return self._site.page(
            request,
            "study.html",
            document=document,
            series=[series_view(each, n, t) for n, each in enumerate(live_series(found.details), 1)],
            record=record,
            mode=mode,
        )


def series_view(series: SeriesDetails, number: int, t: Texts) -> dict[str, Any]:
    """A series for the page: description and modality in one line, images in the order of their number."""
    instances = sorted(series.instances, key=lambda each: (_number(each), each.sop))
    words = [_first(series.attributes, "0008103E"), series.modality]
    return {
        "number": number,
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
        return await pages.listing(request, session, str(record), asked=request.query_params.get("page"))

    @routes.post("/dossier/{record}")
    async def listing_in_emergency(record: UUID, request: Request) -> Response:
        session = await site.session(request)
        form = await site.form(request, session)
        return await pages.listing(request, session, str(record), mode_of(form), form.get("page"))

    @routes.get("/dossier/{record}/documents/{document_id}")
    async def study(record: UUID, document_id: UUID, request: Request) -> Response:
        return await pages.study(request, await site.session(request), str(record), document_id)

    @routes.post("/dossier/{record}/documents/{document_id}")
    async def study_in_emergency(record: UUID, document_id: UUID, request: Request) -> Response:
        session = await site.session(request)
        mode = mode_of(await site.form(request, session))
        return await pages.study(request, session, str(record), document_id, mode)
