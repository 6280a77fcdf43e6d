"""Those who open accounts for other people, soon after they proved who they are."""

from records.emergency import STEP_UP_S
from records.errors import Refused
from records.people.actors import Actor
from records.vocabulary.account_openers import advises, opens_accounts
from sign_in.tokens.proven import Proven


class StepUpRequired(Refused):
    """RFC 9470: an account is a way to all of a record, so that a stolen session opens none."""

    code = "step_up_required"

    def __init__(self) -> None:
        super().__init__("You signed in too long ago to open an account: sign in again, then ask once more.")


def opener(actor: Actor, now: int) -> Proven:
    """Who opens, for the log (`now`: unix seconds). Raises `Refused` "role_not_entitled", `StepUpRequired`
    where the credential says that its holder proved who they are longer ago.
    """
    receives = opens_accounts(actor.role, actor.profession, actor.sector)
    if not receives and not advises(actor.role, actor.setting, actor.subject):
        raise Refused(
            "Accounts are opened by care professionals who receive people and by advisers of the insurer: "
            "your credential names no such profession and sector.",
            code="role_not_entitled",
        )
    if actor.proven_at is not None and now - actor.proven_at > STEP_UP_S:
        raise StepUpRequired
    told = {
        "rpps": actor.rpps,
        "profession": actor.profession,
        "structure": actor.structure,
        "sector": actor.sector,
        "setting": actor.setting,
    }
    claims = {name: text for name, text in told.items() if text is not None}
    return Proven(actor.role, actor.subject, claims, "", actor.proven_at or now)
