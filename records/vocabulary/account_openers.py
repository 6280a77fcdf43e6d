"""People who open accounts for others, as data: they have the person before them.

From 2018 on health professionals, pharmacists, the insurer and the person alone open records. An adviser of
the insurer comes by the card of its staff. Systems, and the staff of other structures, feed records and do
nothing else (R7); a patient opens accounts for nobody.
"""

from records.vocabulary.codes import Role
from records.vocabulary.sectors import INSURER_SETTING, Opens, opened_by

OPENERS = frozenset(
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


def opens_accounts(role: str, profession: str | None, sector: str | None) -> bool:
    """By what the credential says: `profession` is a code of TRE_G15, `sector` of TRE_R02."""
    return role == Role.PROFESSIONAL and profession in OPENERS and opened_by(sector) is Opens.CARE


STAFF = "psidnat:"
"""Begins the subject of who feeds by a card of her own (CPE); a system's is its structure's."""


def advises(role: str, setting: str | None, subject: str) -> bool:
    """Whether this is one of the insurer's people, who receives others at its counter."""
    return role == Role.DEPOSITOR and setting == INSURER_SETTING and subject.startswith(STAFF)
