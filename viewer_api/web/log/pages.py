"""`/consultations`, and `/dossier/{record}/consultations` for its attending doctors: the access log of a
record, by sitting, whole or filtered.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from keyvault.verbs.reader.grants.reading import EventPage
from keyvault.verbs.reader.lists.filling import ListPage
from records.errors import Invalid
from viewer_api.access import Access
from viewer_api.log_evidence import evidence_json
from viewer_api.record_pages import ShownPage
from viewer_api.refusals import NotAuthorised
from viewer_api.routes.numbers import Whole
from viewer_api.web.holder.own import NoOwnRecord, own
from viewer_api.web.log.filter import KINDS, LINE, OWN, PEOPLE, RESULTS, AskedLog
from viewer_api.web.log.words import Sitting, day_of, sittings
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site

LOG_PAGE = 200
UNPROCESSABLE = 422
ATTENDING = "attending"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Position = Annotated[Whole, Query(ge=0, lt=2**53)]


@dataclass(frozen=True, slots=True)
class Older:
    """Where the next page begins; whether this one may end within a day, whose counts then go on there."""

    before: int
    cuts_a_day: bool


@dataclass(frozen=True, slots=True)
class LogReader:
    """Who reads which log: `ask` calls a method of `Access` for the reader about the record. `to`: how the
    texts speak, `checks`: whether the page checks its lines by itself, and keeps in the browser what it saw.
    """

    asked: AskedLog
    ask: Callable[..., Awaitable[Any]]
    to: str | None
    checks: bool


class LogPages:
    """To the holder and to attending doctors (R56); asking for it is a line of it."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    async def own(self, request: Request, session: Session, before: int | None) -> Response:
        if not session.is_patient:
            raise NotAuthorised
        asked = AskedLog.of(request.query_params)

        def ask(work: Callable[..., Any], *args: Any) -> Awaitable[Any]:
            return own(work, session, *args)

        return await self._log(request, LogReader(asked, ask, None, True), before)

    async def of_record(
        self, request: Request, session: Session, record: str, before: int | None
    ) -> Response:
        asked = AskedLog.of(request.query_params, f"/dossier/{record}/consultations")

        def ask(work: Callable[..., Any], *args: Any) -> Awaitable[Any]:
            return asyncio.to_thread(work, session.call(), record, *args)

        return await self._log(request, LogReader(asked, ask, ATTENDING, False), before)

    async def _log(self, request: Request, reader: LogReader, before: int | None) -> Response:
        show = partial(self._page, request, reader)
        try:
            wanted = reader.asked.filter()
        except Invalid as error:
            return show([], problem=error.code)
        page: EventPage = await reader.ask(self._access.access_log, before, LOG_PAGE, wanted, reader.checks)
        request.state.whose = page.whose
        shown, older = whole_days(page)
        await self._site.learn(request, *numbers_in(shown))
        texts = self._site.texts(request, reader.to)
        rows = sittings(shown, texts, await self._titles(reader, shown))
        claim = {
            **evidence_json(page, {event["seq"] for event in shown}),
            "is_newest": before is None,
            "texts": texts.below("check."),
        }
        return show(rows, older=older, is_newest=before is None, claim=claim if reader.checks else None)

    def _page(
        self,
        request: Request,
        reader: LogReader,
        rows: Sequence[Sitting],
        *,
        older: Older | None = None,
        is_newest: bool = True,
        problem: str | None = None,
        claim: Mapping[str, Any] | None = None,
    ) -> Response:
        asked = reader.asked
        return self._site.page(
            request,
            "log.html",
            UNPROCESSABLE if problem else 200,
            to=reader.to,
            scripted=bool(rows and claim),
            claim=claim,
            rows=rows,
            lines=sum(len(row.lines) for row in rows),
            asked=asked,
            groups=PEOPLE,
            people=_people(asked, rows),
            kinds=KINDS,
            results=RESULTS,
            problem=problem,
            newest=None if is_newest else asked.address(),
            older=asked.address(avant=str(older.before)) if older else None,
            day_continues=older is not None and older.cuts_a_day,
        )

    async def _titles(self, reader: LogReader, shown: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Titles of the documents that these lines name, as far as the reader may see them.

        A closed record still shows its log (R1111-43).
        """
        named = documents_named(shown)
        if not named:
            return {}
        try:
            page: ShownPage = await reader.ask(self._access.documents, ListPage(named=named, limit=LOG_PAGE))
        except NoOwnRecord:
            return {}
        return {str(each.document_id): each.summary.title for each in page.listing.documents}


def numbers_in(events: Iterable[Mapping[str, Any]]) -> tuple[set[str | None], set[str | None]]:
    """The professionals and the structures that lines name: who acted, and whom it was about."""
    people: set[str | None] = set()
    places: set[str | None] = set()
    for event in events:
        people.update((event["actor"].get("rpps"), event.get("professional")))
        places.add(event["actor"].get("structure"))
    return people, places


def documents_named(events: Iterable[Mapping[str, Any]]) -> tuple[UUID, ...]:
    """The documents that lines are about, each once; the object of some lines is something else."""
    found = dict.fromkeys(event["object"] for event in events if event.get("object"))
    return tuple(UUID(text) for text in found if _ID.fullmatch(text))


def whole_days(page: EventPage) -> tuple[Sequence[Mapping[str, Any]], Older | None]:
    """The lines of the page down to the end of a day, so that no sitting is counted in two halves.

    A day that is longer than a page is cut all the same, and the page says so.
    """
    if page.next_before is None:
        return page.events, None
    if not page.events:
        return (), Older(page.next_before, cuts_a_day=False)
    last = day_of(page.events[-1])
    whole = [event for event in page.events if day_of(event) != last]
    if not whole:
        return page.events, Older(page.next_before, cuts_a_day=True)
    return whole, Older(whole[-1]["seq"], cuts_a_day=False)


def _people(asked: AskedLog, rows: Sequence[Sitting]) -> dict[str, str]:
    """Everybody on the page but the holder, by a line of theirs; who was asked for, by the line asked."""
    if asked.line is not None:
        return {asked.qui: _name(rows[0]) if rows else ""}
    names: dict[str, str] = {}
    for row in rows:
        if not row.newest.own:
            names.setdefault(_name(row), f"{LINE}{row.newest.seq}")
    return {value: name for name, value in names.items()}


def _name(row: Sitting) -> str:
    return ", ".join((row.newest.who, *row.newest.numbers))


def install(routes: APIRouter, site: Site, pages: LogPages) -> None:
    @routes.get("/consultations")
    async def log(request: Request, avant: Position | None = None) -> Response:
        return await pages.own(request, await site.session(request), avant)

    @routes.get("/dossier/{record}/consultations")
    async def log_of_record(record: UUID, request: Request, avant: Position | None = None) -> Response:
        session = await site.session(request)
        if session.is_patient:
            return site.redirect(OWN)
        return await pages.of_record(request, session, str(record), avant)
