"""The actor of a call, as the vault accepts it from a verified credential and from nowhere else."""

from dataclasses import dataclass, field

from records.identity import INS
from records.vocabulary.codes import Role


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
    def value(self) -> list[str]:
        """`[issuer, subject, structure]`, the canonical identity behind tokens and quotas."""
        return [self.issuer, self.subject, self.structure or ""]

    def display(self) -> dict[str, str]:
        """The text about this actor that the holder of a record reads in the access log."""
        shown = {
            "rpps": self.rpps,
            "profession": self.profession,
            "sector": self.sector,
            "structure": self.structure,
        }
        return {"role": self.role.value} | {name: text for name, text in shown.items() if text is not None}
