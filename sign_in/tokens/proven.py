"""Somebody whom a door has recognised: every door makes this, and nothing else leads to a credential."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from records.vocabulary.codes import Role


class Means(StrEnum):
    """The ways in which somebody proved who they are."""

    TWO_FACTORS = "password+code"
    PASSKEY = "passkey"
    CARD = "card"
    PRO_SANTE_CONNECT = "psc"
    FRANCE_CONNECT = "franceconnect"
    CERTIFICATE = "certificate"
    LETTER = "letter"
    SESSION = "session"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Proven:
    """`subject` is stable for a natural person, whichever door they came through; `claims` are those of the
    role alone (rpps, profession, structure, sector, ins); `proven_at` in unix seconds.
    """

    role: Role
    subject: str = field(repr=False)
    claims: Mapping[str, str] = field(repr=False)
    means: str
    proven_at: int
