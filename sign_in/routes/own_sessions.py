"""Addresses of a person's own sessions and devices."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.text.web_forms import bad_form
from sign_in.doors.doors import Doors
from sign_in.pages.site import Site
from sign_in.sessions.own import Shown, SignedOut

SHOWN_DEVICES = 50


def router(site: Site, doors: Doors) -> APIRouter:
    """The list, and how they are ended."""
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)

    def code_of(request: Request) -> str | None:
        return request.cookies.get(site.session_cookie)

    @routes.get("/sign-in/sessions")
    async def show(request: Request) -> Response:
        try:
            shown = await asyncio.to_thread(lambda: doors.own_sessions.show(code_of(request)))
        except SignedOut:
            return site.redirect("/sign-in?next=/sign-in/sessions")
        done = request.query_params.get("fait")
        return site.page(request, "sessions.html", done=done, **_context(site, request, shown))

    @routes.post("/sign-in/sessions/end")
    async def end(request: Request) -> Response:
        form = await site.form(request)
        session_id = _session_id(form.get("session"))
        await asyncio.to_thread(lambda: doors.own_sessions.end(code_of(request), session_id))
        return site.redirect("/sign-in/sessions?fait=ended")

    return routes


def _context(site: Site, request: Request, shown: Shown) -> dict[str, Any]:
    sessions = [
        {
            "session_id": each.session_id,
            "label": shown.label(each),
            "is_here": each.session_id == shown.here,
            "began": site.moment(request, each.began_at),
            "used": site.moment(request, each.used_at),
        }
        for each in shown.sessions
    ]
    devices = [
        {
            "label": each.label,
            "is_new": each.first_at > shown.new_since,
            "first": site.moment(request, each.first_at),
            "last": site.moment(request, each.last_at),
        }
        for each in shown.devices[:SHOWN_DEVICES]
    ]
    return {"sessions": sessions, "devices": devices, "is_told": shown.is_told}


def _session_id(text: str | None) -> UUID | None:
    """Raises `Invalid` "bad_form"."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise bad_form() from None
