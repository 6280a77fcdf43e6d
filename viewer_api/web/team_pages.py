"""Pages of teams and lists, which the holder authorises and ends; a professional notes a consent there."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from keyvault.verbs.reader.holder.authorising import LARGEST_PAGE
from keyvault.verbs.reader.holder.choices import Choices
from records.choices.teams import UNNAMED
from records.errors import Conflict, Invalid
from records.text.base64url import b64
from records.vocabulary.codes import Action
from viewer_api.access import Access
from viewer_api.cursors import read_position
from viewer_api.refusals import NotAuthorised
from viewer_api.teams import Teams
from viewer_api.web.dates import end_of
from viewer_api.web.holder.own import own
from viewer_api.web.mode import NORMAL
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.words import professional_number

UNPROCESSABLE = 422
LONGEST_LINE = 64
CORRECTED = frozenset({"bad_team", "bad_rpps", "bad_authorisation", "team_ended", "request_reused"})
"""What the form is shown again for, with what it held."""
_NUMBER = re.compile("(?<![0-9])8?[0-9]{11}(?![0-9])")


class TeamPages:
    """Every page asks the vault anew with the visitor's own credential."""

    def __init__(self, site: Site, access: Access, teams: Teams) -> None:
        self._site = site
        self._access = access
        self._teams = teams

    async def teams(
        self,
        request: Request,
        session: Session,
        problem: str | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        """The holder's teams and lists; `problem` is what is wrong with a form, `form` what it held."""
        found: Choices = await own(self._access.choices, session)
        assert found.own is not None  # the holder's own
        await self._site.learn(request, [each["consent"]["by"] for each in found.own["teams"]])
        return self._site.page(
            request,
            "teams.html",
            UNPROCESSABLE if problem else 200,
            teams=found.own["teams"],
            has_consented=found.own["consent"] is not None,
            now=int(time.time()),
            problem=problem,
            form=form or {},
            asked=uuid4(),
            changed=request.query_params.get("fait") if request.method == "GET" else None,
        )

    async def team(self, request: Request, session: Session, team: UUID) -> Response:
        """One team with those of its members who are on this page of authorisations."""
        after = read_position(request.query_params.get("apres"))
        found: Choices = await own(self._teams.team, session, team, after, LARGEST_PAGE)
        await self._site.learn(request, (found.own or {}).get("professionals", ()))
        return self._site.page(
            request,
            "team.html",
            team=found.own,
            following=None if found.following is None else b64(found.following),
        )

    async def form(self, request: Request, session: Session) -> Response:
        """Authorise all of a list in one act; answers each line that came to nothing."""
        form = await self._site.form(request, session)
        lines = _lines(form)
        until = end_of(form["until"]) if form.get("until") else None
        named = (_request(form), form.get("name", ""), lines, until)
        return await self._joined(request, session, form, self._teams.form, *named)

    async def join(self, request: Request, session: Session, team: UUID) -> Response:
        form = await self._site.form(request, session)
        named = (team, Action.JOIN_TEAM, _lines(form))
        return await self._joined(request, session, form, self._teams.change, *named)

    async def _joined(
        self, request: Request, session: Session, form: Mapping[str, str], act: Any, *named: Any
    ) -> Response:
        try:
            team = await own(act, session, *named)
        except (Invalid, Conflict) as error:
            if error.code not in CORRECTED:
                raise
            return await self.teams(request, session, error.code, form)
        told = [each for each in team["results"] if each["result"] not in ("authorised", "already")]
        joined = sum(each["result"] == "authorised" for each in team["results"])
        return self._site.page(request, "team_result.html", team=team, joined=joined, told=told)

    async def leave(self, request: Request, session: Session, team: UUID) -> Response:
        form = await self._site.form(request, session)
        gone = [form.get("professional", "")]
        await own(self._teams.change, session, team, Action.LEAVE_TEAM, gone)
        return self._site.redirect(f"/equipes/{team}")

    async def end(self, request: Request, session: Session, team: UUID) -> Response:
        await self._site.form(request, session)
        await own(self._teams.change, session, team, Action.END_TEAM)
        return self._site.redirect("/equipes?fait=end_team#equipes")

    async def record_consent(self, request: Request, session: Session) -> Response:
        """A professional notes that the patient, who is there, consents; then the record opens."""
        form = await self._site.form(request, session)
        if not session.is_professional:
            raise NotAuthorised
        call, locator = NORMAL.call(session), form.get("ins", "")
        stated = (_request(form), form.get("how", ""), UNNAMED, _lines(form), None)
        told = await asyncio.to_thread(self._teams.record_consent, call, locator, *stated)
        return self._site.redirect(f"/dossier/{told['record']}")


def _request(form: Mapping[str, str]) -> UUID:
    """The id that the form was drawn with: sent twice, it forms one team. Raises `Invalid` "bad_form"."""
    try:
        return UUID(form.get("demande", ""))
    except ValueError:
        raise Invalid("The form names no request.", code="bad_form") from None


def _lines(form: Mapping[str, str]) -> list[str]:
    """One professional a line, with the number anywhere in it; what has none stays, to be told."""
    return [_number(line) for line in form.get("members", "").splitlines() if line.strip()]


def _number(line: str) -> str:
    found = _NUMBER.search(line)
    try:
        return professional_number(found[0] if found else line)
    except Invalid:
        return line.strip()[:LONGEST_LINE]


def install(routes: APIRouter, site: Site, pages: TeamPages) -> None:
    @routes.get("/equipes")
    async def teams(request: Request) -> Response:
        return await pages.teams(request, await site.session(request))

    @routes.post("/equipes")
    async def form(request: Request) -> Response:
        return await pages.form(request, await site.session(request))

    @routes.get("/equipes/{team}")
    async def team(team: UUID, request: Request) -> Response:
        return await pages.team(request, await site.session(request), team)

    @routes.post("/equipes/{team}")
    async def join(team: UUID, request: Request) -> Response:
        return await pages.join(request, await site.session(request), team)

    @routes.post("/equipes/{team}/depart")
    async def leave(team: UUID, request: Request) -> Response:
        return await pages.leave(request, await site.session(request), team)

    @routes.post("/equipes/{team}/fin")
    async def end(team: UUID, request: Request) -> Response:
        return await pages.end(request, await site.session(request), team)

    @routes.post("/accord")
    async def record_consent(request: Request) -> Response:
        return await pages.record_consent(request, await site.session(request))
