"""The one place where what a door has proven becomes a credential."""

from typing import Any

from keyvault.credentials.authority import Authority
from keyvault.credentials.claims import Binding
from records.people.identity import INS
from sign_in.tokens.proven import Proven


class TokenIssuer:
    """Issues the credentials of one issuer, for one Coffre (`audience`)."""

    def __init__(self, authority: Authority, audience: str) -> None:
        self._authority = authority
        self._audience = audience

    def issue(self, who: Proven, *, bound_to: Binding | None, lifetime: int | None = None) -> str:
        """A compact JWS (docs/vault.md section 4) from `who.proven_at` on, for the role's longest life unless
        `lifetime` (seconds) says less. `bound_to`: the key that it is good for; None in demo and test alone.
        Raises `Invalid` where the role misses a claim or has one too many.
        """
        claims: dict[str, Any] = dict(who.claims)
        ins = claims.pop("ins", None)
        return self._authority.issue(
            role=who.role,
            subject=who.subject,
            audience=self._audience,
            now=who.proven_at,
            lifetime=lifetime,
            ins=None if ins is None else INS(*ins.split("|")),
            cnf=None if bound_to is None else bound_to.claim,
            auth_time=who.proven_at,
            **claims,
        )
