"""Check a credential before any vault is called: intake checks it whole, the reader takes a first look.

The vault verifies every credential again before it opens anything (docs/vault.md section 4).
"""

import time
from collections.abc import Awaitable, Callable

from fastapi import Request

from coffre.installation.identity import Identity
from coffre.installation.installation import Installation
from coffre.serving.presented import presented, url_of
from ingestion.intake.reception import Depositor
from keyvault.credentials.possession import LARGEST_BODY, Verified, verify_token
from keyvault.credentials.possession_proof import PresentedProof
from keyvault.credentials.tokens import Credential, verify_bound
from records.actors import Actor
from records.errors import CoffreError, Invalid, Refused
from records.vocabulary.codes import Role


class Authentication:
    """Credentials of one installation, against the authority key that `init` pinned."""

    def __init__(
        self, identity: Identity, *, proof_required: bool, clock: Callable[[], float] = time.time
    ) -> None:
        """`proof_required`: a bearer token is refused, only one with a proof of its key holds (RFC 9449)."""
        self._identity = identity
        self._proof_required = proof_required
        self._clock = clock

    @classmethod
    def of(cls, installation: Installation) -> "Authentication":
        """That of an installation, by its settings."""
        refused = installation.settings.bearers_refused
        return cls(installation.identity, proof_required=refused, clock=installation.clock)

    def actor(self, token: str) -> Actor:
        """A bearer's token: signature, audience, time."""
        return self.verified(token).actor

    def verified(self, token: str, presented_proof: PresentedProof | None = None) -> Verified:
        """Intake's own check of a token, and of the proof of its key."""
        identity = self._identity
        return verify_token(
            token,
            presented_proof,
            pinned_public=identity.authority_public,
            issuer=identity.issuer,
            audience=identity.audience,
            at=int(self._clock()),
            environment=identity.environment,
            required=self._proof_required,
        )

    def holds(self, token: str) -> bool:
        """Whether a token was signed for this Coffre and lasts; its proof is judged later."""
        return self._signed_for(token) is not None

    def _signed_for(self, token: str) -> Actor | None:
        identity = self._identity
        try:
            actor, _ = verify_bound(
                token,
                pinned_public=identity.authority_public,
                issuer=identity.issuer,
                audience=identity.audience,
                at=int(self._clock()),
                environment=identity.environment,
            )
        except CoffreError:
            return None
        return actor

    def credential(self, public_url: str) -> Callable[[Request], Awaitable[Credential]]:
        """What the reader's routes ask: the credential as presented, with the request that a proof is for.

        The vault accepts it or not.
        """

        async def credential(request: Request) -> Credential:
            token, proof = presented(request)
            if proof is None:
                return Credential(token)
            body = await request.body()
            if len(body) > LARGEST_BODY:
                raise Invalid("A request with a proof has at most 1 MiB.", code="too_large")
            return Credential(token, proof, request.method, url_of(request, public_url), body)

        return credential

    def is_depositor(self, request: Request) -> bool:
        """Whether the credential is that of a structure's own system; the vault judges it."""
        token, _ = presented(request)
        actor = self._signed_for(token)
        return actor is not None and actor.role is Role.DEPOSITOR

    def depositor(self, public_url: str) -> Callable[[Request], Awaitable[Depositor]]:
        """What intake's routes ask: a depositor, a professional or a holder, whose token holds now.

        Of a deposit neither body nor parts are there yet: they are compared as they come (`Depositor`).
        """

        async def depositor(request: Request) -> Depositor:
            token, proof = presented(request)
            presented_proof = (
                PresentedProof(proof, request.method, url_of(request, public_url)) if proof else None
            )
            found = self.verified(token, presented_proof)
            if found.actor.role not in (Role.DEPOSITOR, Role.PROFESSIONAL, Role.PATIENT):
                raise Refused("This credential may not deposit.", code="role_not_entitled")
            return Depositor.of(token, found.actor, presented_proof, found.proof)

        return depositor
