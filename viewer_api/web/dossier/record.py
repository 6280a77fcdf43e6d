"""`/dossier/{record}`: the list of documents that a reader may see, ordinarily or in an emergency."""

import asyncio
from collections.abc import Mapping
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from keyvault.verbs.reader.lists.filling import ListPage
from records.errors import Invalid
from records.vocabulary.sectors import REGULATION_SETTING
from viewer_api.access import Access
from viewer_api.record_pages import ShownPage
from viewer_api.refusals import ClosedTo, NotAuthorised
from viewer_api.web.headers import HEADERS
from viewer_api.web.mode import NORMAL, Mode, mode_of
from viewer_api.web.paging import PREVIEWS, neighbours, page_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.words import author_structure, document_views, profession, whose_view

NO_CONTENT, UNPROCESSABLE, FORBIDDEN = 204, 422, 403
NOTHING: Mapping[str, str] = {}


class DossierPages:
    """Its list, and the way to it; each page asks the vault with the visitor's own credential."""

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
