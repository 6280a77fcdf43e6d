"""`/mes-consultations`: what a professional did, on a page of the own."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from keyvault.verbs.reader.log.own_actions import OwnAction
from records.emergency import EMERGENCIES
from records.vocabulary.codes import Outcome
from viewer_api.own_log import LogPeriod, OwnLog, read_place, write_place
from viewer_api.refusals import NotAuthorised
from viewer_api.web.dates import moment
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.texts import Texts
from viewer_api.web.words import profession

PAGE = 100
Before = Annotated[str | None, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class OwnLine:
    """One own action in plain words. `record` is the public id of the record, of which a link is made."""

    instant: str
    when: str
    what: str
    record: str | None
    mode: str
    emergency: bool
    permitted: bool


class OwnActionsPages:
    """The visitor's own lines; asking for them is a line, too."""

    def __init__(self, site: Site, own: OwnLog) -> None:
        self._site = site
        self._own = own

    async def page(self, request: Request, session: Session, before: str | None) -> Response:
        if not session.is_professional:
            raise NotAuthorised
        wanted = LogPeriod(read_place(before), PAGE)
        found = await asyncio.to_thread(self._own.actions, session.call(), wanted)
        await self._site.learn(request, [found.actor.get("rpps")], [found.actor.get("structure")])
        t = self._site.texts(request)
        return self._site.page(
            request,
            "own_actions.html",
            lines=_lines(found.actions, t),
            profession=profession(found.actor.get("profession"), t),
            rpps=found.actor.get("rpps", ""),
            structure=found.actor.get("structure", ""),
            is_newest=before is None,
            older=write_place(found.following),
        )


def _lines(actions: Sequence[OwnAction], t: Texts) -> list[OwnLine]:
    return [_line(each, t) for each in actions]


def _line(action: OwnAction, t: Texts) -> OwnLine:
    at = datetime.fromtimestamp(action.at / 1000, UTC)
    key = f"did.{action.action}"
    return OwnLine(
        instant=at.isoformat(timespec="milliseconds"),
        when=moment(at, t.language),
        what=t(key) if t.has(key) else t("did.other"),
        record=str(action.record) if action.record else None,
        mode=t(f"mode.{action.purpose.value}"),
        emergency=action.purpose in EMERGENCIES,
        permitted=action.outcome is Outcome.PERMIT,
    )


def install(routes: APIRouter, site: Site, pages: OwnActionsPages) -> None:
    @routes.get("/mes-consultations")
    async def own_actions(request: Request, avant: Before = None) -> Response:
        return await pages.page(request, await site.session(request), avant)
