"""`choices`: what the holder of a record decided, as its card says it; no document is read for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from keyvault.context import Vault
from keyvault.keys.choices import counting_authorisation, open_circles, running_teams
from keyvault.store import VaultTransaction
from keyvault.transaction import Transaction
from keyvault.verbs.attempt import Attempt
from keyvault.verbs.call import Call, Denied
from keyvault.verbs.caller import caller
from keyvault.verbs.reader.holder.authorising import (
    LARGEST_PAGE,
    PAGE,
    AuthorisationPage,
    authorisation_json,
    authorisations_page,
)
from keyvault.verbs.reader.lists.snapshot import Question, carry_out
from keyvault.verbs.rows import facts_of
from records import policy
from records.card.card import Card
from records.choices.authorising import NO_CIRCLE, of_card
from records.choices.teams import team_json
from records.text.base64url import b64
from records.vocabulary.codes import Action, Role


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a record's holder, for its holder; None for anybody else who may open the record.

    `following` asks for the next authorisations, None where there are no more.
    """

    own: dict[str, Any] | None = field(repr=False)
    following: bytes | None = None


class ChoicesVerbs:
    """For the reader process, on behalf of whoever may open the record."""

    _vault: Vault

    def choices(
        self,
        call: Call,
        record_id: UUID,
        after: bytes | None = None,
        most: int = PAGE,
        about: str | None = None,
        team: UUID | None = None,
    ) -> Choices | Denied:
        """The card, its teams, and at most `most` authorisations behind `after`; decided and logged like a
        list.

        With `about` it is what that professional was given, with the documents that are shown; with `team`
        that team, with those of its members who are among these authorisations.
        """
        actor = caller(self._vault, call, "choices", record_id=record_id, about=about, team=team)
        limit = max(1, min(most, LARGEST_PAGE))

        def read(tx: VaultTransaction, found: Attempt) -> Choices:
            own = choices_of(found)
            if own is None:
                return Choices(None)
            if about is not None:
                return Choices(_about(tx, found, about))
            page = authorisations_page(tx, found, after, limit)
            if team is not None:
                told = _team(tx, found, team, page)
                return Choices(told, page.following if told is not None else None)
            teams = [team_json(each) for each in running_teams(tx, found.record.card)]
            return Choices({"authorisations": [*page.authorisations], "teams": teams, **own}, page.following)

        def told(transaction: Transaction, found: Attempt, answer: Choices) -> Choices:
            transaction.append(found.record.chain, found.event())
            return answer

        return carry_out(self._vault, Question(call, actor, Action.SEARCH, record_id), read, told)


def _about(tx: VaultTransaction, found: Attempt, professional: str) -> dict[str, Any] | None:
    """What one professional was given, and which documents were chosen; None where nothing runs."""
    given = counting_authorisation(tx, found.record.card, professional)
    card = found.record.card.card
    assert card is not None
    if given is None and (earlier := card.authorisation_of(professional)) is not None:
        given = of_card(earlier, NO_CIRCLE)
    told = authorisation_json(given) if given is not None else None
    if given is None or told is None:
        return None
    facts = facts_of(found.record.card, tx.find("document", record_id=found.record.row["record_id"]))
    own = given.own
    seen = policy.visible(found.request, found.facts, facts.values()) if own is not None else ()
    shown = [str(each.document_id) for each in seen if own is not None and own.circle in each.shown_to]
    return {**told, "documents": sorted(shown)}


def _team(tx: VaultTransaction, found: Attempt, team: UUID, page: AuthorisationPage) -> dict[str, Any] | None:
    """A team with its members on a page; None where there is none that runs."""
    circle = open_circles(tx, found.record.card, [team]).get(team)
    if circle is None or not circle.is_live(found.request.now):
        return None
    named = [each["professional"] for each in page.authorisations if str(team) in each["teams"]]
    return {**team_json(circle), "professionals": named}


def is_holder(found: Attempt) -> bool:
    return found.actor.role is Role.PATIENT


def choices_of(found: Attempt) -> dict[str, Any] | None:
    """The holder's card without identity, for the holder alone."""
    card = found.record.card.card
    if not is_holder(found) or card is None:
        return None
    return card_choices(
        card, ("blocks", "blocked_structures", "attending", "refusals", "emergency", "consent")
    )


def card_choices(card: Card, names: Iterable[str]) -> dict[str, Any]:
    """These members of the card; attending doctors by their numbers alone."""
    choices = card.to_json()
    choices["attending"] = sorted(card.attending)
    choices["refusals"] = {
        "kinds": sorted(card.refusals.kinds),
        "structures": sorted(card.refusals.structures),
    }
    return {name: choices[name] for name in names}


def with_authorisations(tx: VaultTransaction, found: Attempt) -> dict[str, Any] | None:
    """The holder's choices with the first authorisations, as many as one answer holds; `next` as text is
    what `choices` takes for those that follow, None where there are none.
    """
    own = choices_of(found)
    if own is None:
        return None
    page = authorisations_page(tx, found, None, LARGEST_PAGE)
    following = None if page.following is None else b64(page.following)
    return {"authorisations": [*page.authorisations], **own, "next": following}


def concerning(found: Attempt) -> dict[str, Any] | None:
    """What of the card a professional may know: the choices about himself, and of nobody else."""
    card, number = found.record.card.card, found.actor.rpps
    if is_holder(found) or card is None or number is None:
        return None
    given = found.record.facts.authorisation_of(found.actor)
    own = authorisation_json(given) if given is not None else None
    return {
        "authorisations": [own] if own else [],
        "blocks": [each for each in card.blocks if each == number],
        "attending": [each for each in card.attending if each == number],
    }
