"""Forms of the page of choices, read: which choice, about whom."""

from collections.abc import Mapping

from records.choices.authorisations import Scope
from records.errors import Invalid
from records.vocabulary.codes import Action
from viewer_api.web.words import professional_number

# where on the page of choices each of them is made, and so where its answer stands
SECTIONS: Mapping[Action, str] = {
    Action.AUTHORISE: "autorises",
    Action.REVOKE: "autorises",
    Action.NAME_ATTENDING: "medecin-traitant",
    Action.REMOVE_ATTENDING: "medecin-traitant",
    Action.BLOCK: "bloques",
    Action.UNBLOCK: "bloques",
    Action.REFUSE_DEPOSITS: "refus",
    Action.ADMIT_DEPOSITS: "refus",
    Action.SET_EMERGENCY: "urgence",
    Action.WITHDRAW_CONSENT: "consentement",
    Action.GIVE_CONSENT: "consentement",
}
OF_CONSENT = frozenset({Action.WITHDRAW_CONSENT, Action.GIVE_CONSENT})
"""These name nobody."""
# whose number is typed by hand; the others name somebody who stands on the page
TYPED = frozenset({Action.AUTHORISE, Action.BLOCK, Action.NAME_ATTENDING})


def needs_confirmation(action: Action, form: Mapping[str, str]) -> bool:
    """What a person might regret in the worst moment is asked twice."""
    if form.get("confirmed") == "oui":
        return False
    if action is Action.SET_EMERGENCY:
        mode_of_form(form)
        return form.get("allowed") != "oui"
    return action in (
        Action.AUTHORISE,
        Action.BLOCK,
        Action.NAME_ATTENDING,
        Action.REFUSE_DEPOSITS,
        Action.WITHDRAW_CONSENT,
    )


def action_of(form: Mapping[str, str]) -> Action:
    action = form.get("action")
    found = next((each for each in SECTIONS if each.value == action), None)
    if found is None:
        raise Invalid("The form names no choice.", code="bad_form")
    return found


def number_of(action: Action, form: Mapping[str, str]) -> str:
    typed = form.get("professional", "")
    return professional_number(typed) if action in TYPED else typed


def refusal_of(form: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Kind or structure; a number may be typed with spaces."""
    kind, structure = form.get("kind"), "".join(form.get("structure", "").split())
    return (None, structure) if kind is None else (kind, None)


def scope_of(form: Mapping[str, str]) -> Scope | None:
    """What the form says that a professional may see; None where it says nothing."""
    said = form.get("scope")
    if said is not None and said not in (*Scope,):
        raise Invalid("The form names no scope.", code="bad_form")
    return None if said is None else Scope(said)


def mode_of_form(form: Mapping[str, str]) -> str:
    mode = form.get("mode", "")
    if mode not in ("bris_de_glace", "centre_15"):
        raise Invalid("The form names no emergency mode.", code="bad_form")
    return mode
