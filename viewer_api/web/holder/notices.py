"""The holder's page of notices: what happened, and the address that is written to about it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from keyvault.verbs.reader.holder.notices import OwnNotice
from records.errors import CoffreError, Invalid
from records.people.contacts import ContactKind
from viewer_api.notices import Notices
from viewer_api.web.holder.own import own
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.texts import Texts
from viewer_api.web.words import is_undelivered, notice_text

UNPROCESSABLE = 422
_CORRECTED = ("bad_contact", "too_many_codes", "wrong_code", "no_code")
"""Codes of what the page says beside the field."""


def shown(notices: Sequence[OwnNotice], t: Texts) -> dict[str, Any]:
    """What the list of notices is made of, on any page."""
    return {
        "notices": [notice_text(notice, t) for notice in notices],
        "notice_ids": ",".join(str(notice.notice_id) for notice in notices),
        "undelivered": is_undelivered(notices),
    }


class NoticePages:
    """Every page asks the vault anew with the holder's own credential."""

    def __init__(self, site: Site, notices: Notices, *, sends_messages: bool) -> None:
        self._site = site
        self._notices = notices
        self._sends_messages = sends_messages

    async def notices(
        self, request: Request, session: Session, problem: str | None = None, typed: str = ""
    ) -> Response:
        """`problem`: the code of what to correct; `typed`: the address that was given."""
        waiting = await own(self._notices.unread, session)
        contact, *_ = await own(self._notices.contacts, session)
        return self._site.page(
            request,
            "notices.html",
            UNPROCESSABLE if problem else 200,
            **shown(waiting, self._site.texts(request)),
            contact=contact,
            sends_messages=self._sends_messages,
            problem=problem,
            typed=typed,
        )

    async def acknowledge(self, request: Request, session: Session) -> Response:
        """What the form showed was read; what came meanwhile stays."""
        form = await self._site.form(request, session)
        try:
            notices = [UUID(each) for each in form.get("avis", "").split(",")]
        except ValueError:
            raise Invalid("The form names no notice.", code="bad_form") from None
        await own(self._notices.acknowledge, session, notices)
        return self._site.redirect("/")

    async def put(self, request: Request, session: Session) -> Response:
        form = await self._site.form(request, session)
        typed = form.get("address", "")
        try:
            await own(self._notices.put_contact, session, ContactKind.EMAIL, typed)
        except CoffreError as error:
            return await self._again(request, session, error, typed)
        return self._site.redirect("/avis#adresse")

    async def confirm(self, request: Request, session: Session) -> Response:
        form = await self._site.form(request, session)
        code = "".join(form.get("code", "").split())
        try:
            await own(self._notices.confirm_contact, session, ContactKind.EMAIL, code)
        except CoffreError as error:
            return await self._again(request, session, error)
        return self._site.redirect("/avis#adresse")

    async def remove(self, request: Request, session: Session) -> Response:
        await self._site.form(request, session)
        await own(self._notices.delete_contact, session, ContactKind.EMAIL)
        return self._site.redirect("/avis#adresse")

    async def _again(
        self, request: Request, session: Session, error: CoffreError, typed: str = ""
    ) -> Response:
        if error.code not in _CORRECTED:
            raise error
        return await self.notices(request, session, error.code, typed)


def install(routes: APIRouter, site: Site, pages: NoticePages) -> None:
    @routes.get("/avis")
    async def notices(request: Request) -> Response:
        return await pages.notices(request, await site.session(request))

    @routes.post("/avis")
    async def acknowledge(request: Request) -> Response:
        return await pages.acknowledge(request, await site.session(request))

    @routes.post("/avis/adresse")
    async def put(request: Request) -> Response:
        return await pages.put(request, await site.session(request))

    @routes.post("/avis/code")
    async def confirm(request: Request) -> Response:
        return await pages.confirm(request, await site.session(request))

    @routes.post("/avis/retrait")
    async def remove(request: Request) -> Response:
        return await pages.remove(request, await site.session(request))
