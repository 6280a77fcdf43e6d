"""The one place where what a door has proven becomes a credential."""

from collections.abc import Mapping
from typing import Any

from keyvault.credentials.authority import Authority
from keyvault.credentials.claims import Binding
from records.people.identity import INS
from records.vocabulary.codes import Role
from sign_in.tokens.proven import Proven


class TokenIssuer:
    """Issues the credentials of one issuer, for one Coffre (`audience`). `settings`: of structures."""

    def __init__(self, authority: Authority, audience: str, settings: Mapping[str, str]) -> None:
        self._authority, self._audience, self._settings = authority, audience, settings

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
            setting=self._setting(who),
            **claims,
        )

    def _setting(self, who: Proven) -> str | None:
        """Of the structure where they act, or for which they deposit, whichever door they came through."""
        is_placed = who.role in (Role.PROFESSIONAL, Role.DEPOSITOR)
        return self._settings.get(who.claims["structure"]) if is_placed else None
