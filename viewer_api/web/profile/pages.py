"""Pages of own information: the holder's with forms, and a professional's as declared by the patient."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.errors import Invalid, NotFound
from records.profile.kinds import EntryKind
from records.profile.versions import EntryVersion, current, history
from records.vocabulary.codes import Label
from viewer_api.own_information import Declared, OwnInformation
from viewer_api.refusals import NotAuthorised
from viewer_api.web.dates import moment_of
from viewer_api.web.holder.own import own
from viewer_api.web.mode import NORMAL, Mode, mode_of
from viewer_api.web.profile.fields import FIELDS, values
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.texts import Texts

OWN_TYPES = ("DOCPAT03", "DOCPAT05", "DOCPAT04", "DOCPAT02", "DOCPAT07", "DOCPAT09", "EXPPAT_3", "EXPPAT_2")
"""Types of documents that the page of depositing offers, in this order."""


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry as pages show it: lines of label and text, what it is, since when."""

    entry_id: UUID
    version: UUID
    kind: str
    lines: tuple[tuple[str, str], ...]
    since: str
    masked: bool


def entry_view(version: EntryVersion, t: Texts) -> EntryView:
    shown = values(version.kind, version.entry.resource)
    lines = (
        (t(f"profile.field.{field.name}"), _words(field.name, field.form, shown[field.name], t))
        for field in FIELDS[version.kind]
        if shown[field.name]
    )
    return EntryView(
        entry_id=version.entry_id,
        version=version.document_id,
        kind=version.kind.value,
        lines=tuple(lines),
        since=moment_of(version.at, t.language),
        masked=Label.MASQUE_PS in version.labels,
    )


def _words(name: str, form: str | tuple[str, ...], text: str, t: Texts) -> str:
    key = f"profile.{name}.{text}"
    return t(key) if isinstance(form, tuple) and t.has(key) else text


class ProfilePages:
    """Every page asks the vault anew with the visitor's own credential."""

    def __init__(self, site: Site, information: OwnInformation) -> None:
        self._site = site
        self._information = information

    async def own(self, request: Request, session: Session) -> Response:
        declared: Declared = await own(self._information.of_record, session)
        return self._page(request, declared, "profile.html", done=request.query_params.get("fait"))

    async def shown(self, request: Request, session: Session, record: str, mode: Mode = NORMAL) -> Response:
        """To a professional, as declared by the patient; in an emergency too, unless hidden."""
        declared = await asyncio.to_thread(self._information.of_record, mode.call(session), record)
        return self._page(request, declared, "profile_shown.html", mode=mode)

    def _page(
        self,
        request: Request,
        declared: Declared,
        template: str,
        mode: Mode = NORMAL,
        done: str | None = None,
    ) -> Response:
        t = self._site.texts(request)
        views = [entry_view(each, t) for each in current(declared.versions)]
        sections = {kind.value: [each for each in views if each.kind == kind] for kind in EntryKind}
        return self._site.page(
            request, template, sections=sections, record=str(declared.record), mode=mode, declared=done
        )

    async def form(self, request: Request, session: Session, kind: EntryKind) -> Response:
        """An empty form."""
        if not session.is_patient:
            raise NotAuthorised
        return form_page(self._site, request, kind, {}, {"demande": uuid4().hex})

    async def change(self, request: Request, session: Session, entry_id: UUID) -> Response:
        """The form of what stands there, with the versions before it."""
        declared: Declared = await own(self._information.of_record, session)
        newest, *former = history(declared.versions, entry_id)
        if newest.is_former:
            raise NotFound("There is no such information any more.", code="no_such_document")
        t = self._site.texts(request)
        resource = newest.entry.resource
        fields = {
            "demande": uuid4().hex,
            "entree": str(newest.entry_id),
            "version": str(newest.document_id),
            "avant": json.dumps(resource, ensure_ascii=False, separators=(",", ":")),
        }
        shown = {**values(newest.kind, resource), "masque": "oui" if Label.MASQUE_PS in newest.labels else ""}
        return form_page(
            self._site, request, newest.kind, shown, fields, former=[entry_view(each, t) for each in former]
        )


def form_page(
    site: Site,
    request: Request,
    kind: EntryKind,
    shown: Mapping[str, str],
    fields: Mapping[str, str],
    *,
    problem: str | None = None,
    former: list[EntryView] | None = None,
) -> Response:
    """The form of one kind; `fields` are its hidden ones, `problem` the code of what to correct."""
    return site.page(
        request,
        "profile_form.html",
        422 if problem else 200,
        kind=kind.value,
        form=FIELDS[kind],
        shown=shown,
        fields={"sorte": kind.value, **fields},
        problem=problem,
        former=former or [],
    )


def kind_of(name: str) -> EntryKind:
    """Raises `Invalid` "bad_form" for a kind that is none."""
    try:
        return EntryKind(name)
    except ValueError:
        raise Invalid("The form names no kind of information.", code="bad_form") from None


def install(routes: APIRouter, site: Site, pages: ProfilePages) -> None:
    @routes.get("/profil")
    async def own_profile(request: Request) -> Response:
        return await pages.own(request, await site.session(request))

    @routes.get("/profil/nouveau/{kind}")
    async def begin(kind: str, request: Request) -> Response:
        return await pages.form(request, await site.session(request), kind_of(kind))

    @routes.get("/profil/{entry}")
    async def change(entry: UUID, request: Request) -> Response:
        return await pages.change(request, await site.session(request), entry)

    @routes.get("/deposer")
    async def deposit(request: Request) -> Response:
        session = await site.session(request)
        if not session.is_patient:
            raise NotAuthorised
        return site.page(request, "own_document.html", types=OWN_TYPES, title="", chosen="", problem=None)

    @routes.get("/dossier/{record}/profil")
    async def shown(record: UUID, request: Request) -> Response:
        return await pages.shown(request, await site.session(request), str(record))

    @routes.post("/dossier/{record}/profil")
    async def shown_in_emergency(record: UUID, request: Request) -> Response:
        session = await site.session(request)
        return await pages.shown(request, session, str(record), mode_of(await site.form(request, session)))
