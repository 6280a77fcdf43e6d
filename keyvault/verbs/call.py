"""A call as the vault is asked, and its refusal."""

from dataclasses import dataclass, field

from keyvault.credentials.possession_proof import PresentedProof
from records.vocabulary.codes import Obligation, PurposeOfUse, ReasonCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call: its credential, purpose and reason; token and proof are accepted by the vault alone.

    `certificate` is the thumbprint of the client certificate that the named proxy saw (RFC 8705).
    """

    token: str = field(repr=False)
    purpose: PurposeOfUse = PurposeOfUse.NORMAL
    reason: str | None = field(default=None, repr=False)
    presented: PresentedProof | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal, already logged and counted. Callers answer alike whatever the reason, but for quotas.

    `obligations` follow from who asks and from what is asked, never from what the record holds.
    """

    reason: ReasonCode
    obligations: frozenset[Obligation] = field(default=frozenset(), compare=False)

    @property
    def is_of_quota(self) -> bool:
        return self.reason is ReasonCode.QUOTA_EXCEEDED
