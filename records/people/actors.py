"""The actor of a call, as the vault accepts it from a verified credential and from nowhere else."""

from dataclasses import dataclass, field

from records.people.identity import INS
from records.vocabulary.codes import Role

OPERATOR = "operator:"


def operator_subject(name: str) -> str:
    """What an operator's own key calls her; other issuers leave the prefix out, and her name is one."""
    return f"{OPERATOR}{name.casefold().removeprefix(OPERATOR)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A verified actor. Times are unix seconds.

    A professional is known to authorisations and blocks by `rpps` (PSIdNat), a patient by `ins`,
    a depositor by `structure`. `profession` is a code of TRE_G15, `sector` of TRE_R02 (SA…), `setting`
    a practice setting such as SAMU_SMUR. `credential_id` is the credential's own number (jti),
    `proven_at` when the person last proved who it is, where the credential says so.
    """

    role: Role
    issuer: str
    subject: str = field(repr=False)
    rpps: str | None = None
    profession: str | None = None
    structure: str | None = None
    ins: INS | None = None
    sector: str | None = None
    setting: str | None = None
    credential_id: str = ""
    issued_at: int = 0
    expires_at: int = 0
    proven_at: int | None = None

    @property
    def person(self) -> list[str]:
        """Who it is, whatever door it came by and wherever it works: `[role, national number]`.

        This is what quotas, own traces, withdrawals and blocks go by, and whether two operators are two. An
        operator has no such number but a name, which is of one person whoever vouches for it; a sender is a
        system of its structure, which its subject tells.
        """
        if self.role is Role.PROFESSIONAL and self.rpps is not None:
            return [self.role.value, self.rpps]
        if self.role is Role.PATIENT and self.ins is not None:
            return [self.role.value, self.ins.value]
        subject = operator_subject(self.subject) if self.role is Role.OPERATOR else self.subject
        return [self.role.value, self.structure or "", subject]

    def display(self) -> dict[str, str]:
        """The text about this actor that the holder of a record reads in the access log."""
        shown = {
            "rpps": self.rpps,
            "profession": self.profession,
            "sector": self.sector,
            "structure": self.structure,
        }
        return {"role": self.role.value} | {name: text for name, text in shown.items() if text is not None}
