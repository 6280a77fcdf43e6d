"""The holder's page of choices: who may consult, and what is not to be taken."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from keyvault.verbs.reader.holder.changing import CardChange
from keyvault.verbs.reader.holder.choices import Choices
from records.card.card import Emergency
from records.card.changes import check_kind
from records.card.consent import end_of as end_of_given
from records.choices.authorisations import Scope
from records.errors import Invalid
from records.people.identity import check_structure
from records.text.base64url import b64
from records.vocabulary.codes import Action
from records.vocabulary.document_types import CLASS_NAMES
from viewer_api.access import Access
from viewer_api.cursors import read_position
from viewer_api.web.dates import end_of
from viewer_api.web.holder.choice_forms import (
    OF_CONSENT,
    SECTIONS,
    TYPED,
    action_of,
    mode_of_form,
    needs_confirmation,
    number_of,
    refusal_of,
    scope_of,
)
from viewer_api.web.holder.own import own
from viewer_api.web.names import exercises_of
from viewer_api.web.sessions import Session
from viewer_api.web.site import Site
from viewer_api.web.words import kind_name, profession

UNPROCESSABLE = 422
# explained beside their field
EXPLAINED = frozenset({"bad_rpps", "bad_authorisation", "bad_structure", "bad_kind"})


@dataclass(frozen=True, slots=True)
class ConfirmedPerson:
    """Whom a choice is about, as the directory knows them; `is_known`: by a name at all."""

    number: str
    is_known: bool
    places: tuple[str, ...]


class ChoicePages:
    """Every page asks the vault anew with the holder's own credential."""

    def __init__(self, site: Site, access: Access) -> None:
        self._site = site
        self._access = access

    async def choices(
        self,
        request: Request,
        session: Session,
        problem: tuple[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Response:
        """The page of choices; `problem` is (action, code) of a form to correct, `form` what it held."""
        after = request.query_params.get("apres")
        found: Choices = await own(self._access.choices, session, read_position(after))
        await self._learn(request, found)
        return self._site.page(
            request,
            "choices.html",
            UNPROCESSABLE if problem else 200,
            choices=found.own,
            following=None if found.following is None else b64(found.following),
            now=int(time.time()),
            problem=problem,
            form=form or {},
            changed=request.query_params.get("fait") if request.method == "GET" else None,
            sections=SECTIONS,
            classes=CLASS_NAMES,
            kind_name=kind_name,
        )

    async def _learn(self, request: Request, found: Choices) -> None:
        """The names of everybody whom the page of choices shows."""
        shown = found.own
        if shown is not None:
            authorised = [each["professional"] for each in shown["authorisations"]]
            people = [*authorised, *shown["attending"], *shown["blocks"]]
            await self._site.learn(request, people, shown["refusals"]["structures"])

    async def choose(self, request: Request, session: Session) -> Response:
        """One change of the card, after a confirmation where its consequence is serious."""
        form = await self._site.form(request, session)
        action = action_of(form)
        try:
            if needs_confirmation(action, form):
                return await self._confirm(request, session, action, form)
            wanted = await self._wanted(session, action, form)
            await own(self._access.change, session, wanted)
        except Invalid as error:
            if error.code not in EXPLAINED:
                raise
            return await self.choices(request, session, (action.value, error.code), form)
        if wanted.scope is Scope.CHOSEN:
            return self._site.redirect(f"/choix/{wanted.professional}")
        return self._site.redirect(f"/choix?fait={action.value}#{SECTIONS[action]}")

    async def _confirm(
        self, request: Request, session: Session, action: Action, form: Mapping[str, str]
    ) -> Response:
        key, person = f"confirm.{action.value}", None
        if action is Action.SET_EMERGENCY:
            key = f"confirm.{form.get('mode')}"
        elif action in TYPED:
            wanted = await self._wanted(session, action, form)
            end_of_given(int(time.time()), wanted.until, permanent=wanted.permanent)
            key = "confirm.permanent" if wanted.permanent else key
            person = await self._person(request, wanted.professional or "")
        what = await self._refused(request, form) if action is Action.REFUSE_DEPOSITS else ""
        fields = {name: value for name, value in form.items() if name != "csrf"}
        return self._site.page(request, "confirm.html", key=key, person=person, what=what, fields=fields)

    async def _person(self, request: Request, number: str) -> ConfirmedPerson:
        """Whom the number names, before anything is given to them or taken away."""
        exercises = await exercises_of(self._site.directory, number)
        await self._site.learn(request, [number], [each.structure for each in exercises])
        t = self._site.texts(request)
        places = [f"{profession(each.profession, t)}, {t.structure(each.structure)}" for each in exercises]
        return ConfirmedPerson(number, t.knows(number), tuple(dict.fromkeys(places)))

    async def _refused(self, request: Request, form: Mapping[str, str]) -> str:
        """What is not to be taken any more, in words. Raises `Invalid` "bad_kind" or "bad_structure"."""
        kind, structure = refusal_of(form)
        if kind is not None:
            return kind_name(check_kind(kind))
        number = check_structure(structure or "")
        await self._site.learn(request, structures=[number])
        return self._site.texts(request).structure(number)

    async def _wanted(self, session: Session, action: Action, form: Mapping[str, str]) -> CardChange:
        if action is Action.SET_EMERGENCY:
            return CardChange(action=action, emergency=await self._emergency(session, form))
        if action in (Action.REFUSE_DEPOSITS, Action.ADMIT_DEPOSITS):
            kind, structure = refusal_of(form)
            return CardChange(action=action, kind=kind, structure=structure)
        if action in OF_CONSENT:
            return CardChange(action=action)
        duration = form.get("duration") if action is Action.AUTHORISE else None
        return CardChange(
            action=action,
            professional=number_of(action, form),
            until=end_of(form.get("until", "")) if duration == "until" else None,
            permanent=duration == "permanent",
            scope=scope_of(form) if action is Action.AUTHORISE else None,
        )

    async def _emergency(self, session: Session, form: Mapping[str, str]) -> Emergency:
        """The form speaks of one mode; the other stays as it is."""
        found: Choices = await own(self._access.choices, session)
        assert found.own is not None  # the holder's own
        allowed = dict(found.own["emergency"])
        allowed[mode_of_form(form)] = form.get("allowed") == "oui"
        return Emergency(**allowed)


def install(routes: APIRouter, site: Site, pages: ChoicePages) -> None:
    @routes.get("/choix")
    async def choices(request: Request) -> Response:
        return await pages.choices(request, await site.session(request))

    @routes.post("/choix")
    async def choose(request: Request) -> Response:
        return await pages.choose(request, await site.session(request))
