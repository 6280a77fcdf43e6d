"""Professionals who open accounts for other people, as data: they have the person before them.

From 2018 on health professionals, pharmacists, the insurer and the person alone open records. The insurer has
no credential here: its advisers have the host's command line, or send people to the page. A structure's
system and its staff feed records and do nothing else (R7); a patient opens accounts for nobody.
"""

from records.emergency import STEP_UP_S
from records.errors import Refused
from records.people.actors import Actor
from records.vocabulary.codes import Role
from records.vocabulary.sectors import Opens, opened_by
from sign_in.tokens.proven import Proven

PROFESSIONS = frozenset(
    {
        "10",  # doctor
        "21",  # pharmacist
        "40",  # dentist
        "50",  # midwife
        "60",  # nurse
        "69",  # psychiatric nurse
        "70",  # physiotherapist
        "80",  # podiatrist
        "91",  # speech therapist
        "92",  # orthoptist
    }
)
"""Codes of TRE_G15. No text lists them: these receive people themselves, in a practice or a pharmacy."""


class StepUpRequired(Refused):
    """RFC 9470: an account is a way to all of a record, so that a stolen session opens none."""

    code = "step_up_required"

    def __init__(self) -> None:
        super().__init__("You signed in too long ago to open an account: sign in again, then ask once more.")


def opener(actor: Actor, now: int) -> Proven:
    """Who opens, for the log (`now`: unix seconds). Raises `Refused` "role_not_entitled", `StepUpRequired`
    where the credential says that its holder proved who they are longer ago.
    """
    may = (
        actor.role is Role.PROFESSIONAL
        and actor.profession in PROFESSIONS
        and opened_by(actor.sector) is Opens.CARE
    )
    if not may:
        raise Refused(
            "Accounts are opened by care professionals who receive people: your credential names no such "
            "profession and sector.",
            code="role_not_entitled",
        )
    if actor.proven_at is not None and now - actor.proven_at > STEP_UP_S:
        raise StepUpRequired
    told = {
        "rpps": actor.rpps,
        "profession": actor.profession,
        "structure": actor.structure,
        "sector": actor.sector,
    }
    claims = {name: text for name, text in told.items() if text is not None}
    return Proven(actor.role, actor.subject, claims, "", actor.proven_at or now)
