"""Take the holder's forms of own information and of documents; served where intake is."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from records.errors import Invalid, NotFound
from records.profile.elements import EntryRefused
from records.profile.entries import LARGEST_ENTRY, read_entry
from records.profile.kinds import KINDS, EntryKind
from records.profile.replacing import Replaced
from records.vocabulary.codes import Label
from viewer_api.refusals import NotAuthorised
from viewer_api.web.profile.deposits import KEPT, LATER, EntryDeposit, FileDeposit, OwnDeposits
from viewer_api.web.profile.fields import FIELDS, made, removed
from viewer_api.web.profile.pages import OWN_TYPES, form_page, kind_of
from viewer_api.web.profile.upload import LARGEST_FILE, read_upload
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site

YES = "oui"
_HIDDEN = ("demande", "entree", "version", "avant")


class ProfileForms:
    """Deposits with the holder's own credential; the vault decides."""

    def __init__(self, site: Site, deposits: OwnDeposits) -> None:
        self._site = site
        self._deposits = deposits

    async def declare(self, request: Request, session: Session) -> Response:
        """A new entry, a change, or a removal."""
        form = await self._site.form(request, session)
        if not session.is_patient:
            raise NotAuthorised
        kind, before = kind_of(form.get("sorte", "")), _before(form)
        goes = form.get("retirer") == YES and before is not None
        resource = removed(kind, before) if goes and before is not None else made(kind, form, before)
        try:
            if read_entry(resource).kind is not kind:
                raise Invalid("The form is of another kind.", code="bad_form")
        except EntryRefused as refused:
            return self._again(request, kind, form, refused.code)
        code = await self._deposits.deposit(session, _deposit(kind, resource, form))
        if code not in KEPT and code != LATER:
            return self._again(request, kind, form, code)
        done = LATER if code == LATER else "removed" if goes else "declared"
        return self._site.redirect(f"/profil?fait={done}")

    def _again(self, request: Request, kind: EntryKind, form: Mapping[str, str], code: str) -> Response:
        shown = {field.name: form.get(field.name, "") for field in FIELDS[kind]}
        hidden = {name: form[name] for name in _HIDDEN if name in form}
        shown["masque"] = form.get("masque", "")
        return form_page(self._site, request, kind, shown, hidden, problem=code)

    async def document(self, request: Request, session: Session) -> Response:
        """A PDF of the holder's own."""
        form, content = await read_upload(request)
        self._site.sessions.check_form(request, session, form)
        if not session.is_patient:
            raise NotAuthorised
        type_code, title = form.get("type", ""), form.get("titre", "").strip()
        problem = _problem(type_code, title, content)
        if problem is None:
            labels = _labels(form)
            code = await self._deposits.deposit(session, FileDeposit(type_code, title, content, labels))
            problem = None if code in KEPT or code == LATER else code
        if problem is None:
            return self._site.redirect("/?fait=deposited")
        return self._site.page(
            request, "own_document.html", 422, types=OWN_TYPES, title=title, chosen=type_code, problem=problem
        )


def _problem(type_code: str, title: str, content: bytes) -> str | None:
    if type_code not in OWN_TYPES:
        return "type_unknown"
    if not title or len(title) > 255:
        return "title_missing"
    if len(content) > LARGEST_FILE:
        return "pdf_too_large"
    return None if content else "file_missing"


def _deposit(kind: EntryKind, resource: Mapping[str, Any], form: Mapping[str, str]) -> EntryDeposit:
    content = json.dumps(resource, ensure_ascii=False).encode()
    return EntryDeposit(KINDS[kind].resource, content, _request(form), _replaced(form), _labels(form))


def _labels(form: Mapping[str, str]) -> frozenset[Label]:
    return frozenset({Label.MASQUE_PS} if form.get("masque") == YES else ())


def _request(form: Mapping[str, str]) -> str:
    try:
        return UUID(form.get("demande", "")).hex
    except ValueError:
        raise Invalid("The form has no name of its own: reload its page.", code="bad_form") from None


def _replaced(form: Mapping[str, str]) -> Replaced | None:
    if "entree" not in form:
        return None
    try:
        return Replaced(UUID(form["entree"]), UUID(form.get("version", "")))
    except ValueError:
        raise NotFound("There is no such information.", code="no_such_document") from None


def _before(form: Mapping[str, str]) -> dict[str, Any] | None:
    """What the form changes, as it was shown; the vault knows what it replaces."""
    text = form.get("avant", "")
    if not text:
        return None
    try:
        found = read_entry(json.loads(text) if len(text) <= LARGEST_ENTRY else None).resource
    except (ValueError, RecursionError, EntryRefused):
        raise Invalid("The form cannot be read: reload its page and try again.", code="bad_form") from None
    return dict(found)


def router(site: Site, deposits: OwnDeposits) -> APIRouter:
    routes = APIRouter(route_class=site.route_class(), include_in_schema=False)
    forms = ProfileForms(site, deposits)

    @routes.post("/profil")
    async def declare(request: Request) -> Response:
        return await forms.declare(request, await site.session(request))

    @routes.post("/deposer")
    async def document(request: Request) -> Response:
        return await forms.document(request, await site.session(request))

    return routes
