"""Check a credential before any vault is called: intake checks it whole, the reader takes a first look.

The vault verifies every credential again before it opens anything (docs/vault.md section 4).
"""

import time
from collections.abc import Awaitable, Callable

from fastapi import Request

from coffre.installation.identity import Identity
from coffre.installation.installation import Installation
from coffre.serving.callers.client_certificates import certificate_of
from coffre.serving.callers.presented import IN_SESSION, presented, url_of
from ingestion.intake.reception import Depositor
from keyvault.credentials.issuers import Issuer, IssuerList, Issuers
from keyvault.credentials.issuers_document import verify_issuers
from keyvault.credentials.possession import LARGEST_BODY, Verified, verify_token
from keyvault.credentials.possession_proof import PresentedProof
from keyvault.credentials.refusing import CredentialError
from keyvault.credentials.sign_in_links import digest_of, open_sign_in
from keyvault.credentials.tokens import Credential, verify_bound
from keyvault.crypto.envelope import KeyvaultError
from records.errors import CoffreError, Invalid, Refused
from records.people.actors import Actor
from records.sessions import IDLE_MS
from records.vocabulary.codes import Role
from storage.ports.index_parts import PublishedIssuers, SignIns

FRESH_S = 2.0
"""Seconds for which what the index says of issuers is believed without a look."""
MISSED_S = 0.1
"""The same where an issuer is not in it: one that was added counts soon, an invented one costs little."""


class PublishedList:
    """The issuers as the vault has published them through the index (`Issuers`); threads may share it."""

    def __init__(self, index: PublishedIssuers, pinned: bytes, clock: Callable[[], float]) -> None:
        """`pinned`: the vault's public reception signing key."""
        self._index = index
        self._pinned = pinned
        self._clock = clock
        self._seen: tuple[float, str | None, IssuerList] | None = None

    def find(self, name: str, key: str | None) -> Issuer | None:
        """Raises `CoffreError` "issuers_unknown"."""
        return self._list(FRESH_S).find(name, key) or self._list(MISSED_S).find(name, key)

    def _list(self, fresh: float) -> IssuerList:
        """One of at most `fresh` seconds."""
        seen, now = self._seen, self._clock()
        if seen is not None and 0 <= now - seen[0] < fresh:
            return seen[2]
        document = self._index.issuers()
        found = verify_issuers(document, self._pinned, int(now))
        self._seen = (now, document, found)
        return found


class Authentication:
    """Credentials of one installation, against the issuers that its vault accepts."""

    def __init__(
        self,
        identity: Identity,
        issuers: Issuers,
        *,
        proof_required: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`proof_required`: a bearer token is refused, only one with a proof of its key holds (RFC 9449), or
        with its certificate.
        """
        self._identity = identity
        self._issuers = issuers
        self._proof_required = proof_required
        self._clock = clock

    @classmethod
    def of(cls, installation: Installation) -> "Authentication":
        """That of an installation, by its settings."""
        pinned, clock = installation.identity.reception_public, installation.clock
        issuers = PublishedList(installation.index, pinned, clock)
        settings = installation.settings
        return cls(
            installation.identity,
            issuers,
            proof_required=settings.bearers_refused,
            clock=clock,
        )

    def actor(self, token: str) -> Actor:
        """A bearer's token: signature, audience, time."""
        return self.verified(token).actor

    def verified(
        self,
        token: str,
        presented_proof: PresentedProof | None = None,
        certificate: str | None = None,
    ) -> Verified:
        """Intake's own check of a token, and of the proof of its key or its certificate."""
        return verify_token(
            token,
            presented_proof,
            issuers=self._issuers,
            audience=self._identity.audience,
            at=int(self._clock()),
            environment=self._identity.environment,
            certificate=certificate,
            required=self._proof_required,
        )

    def holds(self, token: str) -> bool:
        """Whether a token was signed for this Coffre and lasts; its proof is judged later.

        While nobody knows the issuers it is left to the routes, which say so.
        """
        try:
            return self._signed_for(token) is not None
        except CoffreError:
            return True

    def refuse(self, token: str) -> None:
        """Of one that does not hold, says what is wrong with it, as `CredentialError`."""
        self.verified(token)

    def _signed_for(self, token: str) -> Actor | None:
        identity = self._identity
        try:
            found = verify_bound(
                token,
                issuers=self._issuers,
                audience=identity.audience,
                at=int(self._clock()),
                environment=identity.environment,
            )
        except CredentialError:
            return None
        return found.actor

    def credential(self, public_url: str) -> Callable[[Request], Awaitable[Credential]]:
        """What the reader's routes ask: the credential as presented, with the request that a proof is for.

        The vault accepts it or not.
        """

        async def credential(request: Request) -> Credential:
            token, proof = presented(request)
            if proof is None:
                return Credential(
                    token,
                    certificate=certificate_of(request),
                    in_session=IN_SESSION in request.scope,
                )
            body = await request.body()
            if len(body) > LARGEST_BODY:
                raise Invalid("A request with a proof has at most 1 MiB.", code="too_large")
            return Credential(token, proof, request.method, url_of(request, public_url), body)

        return credential

    def proven(self, public_url: str) -> Callable[[Request], Awaitable[Verified]]:
        """What the sign-in's own routes ask: a credential that holds, with the proof of this very request.

        Whoever asks remembers that the proof was used.
        """

        async def proven(request: Request) -> Verified:
            token, proof = presented(request)
            body = await request.body()
            url = url_of(request, public_url)
            presented_proof = PresentedProof(proof, request.method, url, body) if proof else None
            found = self.verified(token, presented_proof, certificate_of(request))
            if found.proof is not None:
                found.proof.check_body(body)
            return found

        return proven

    def of_session(self, index: SignIns) -> Callable[[str], Actor | None]:
        """Who is signed in, by the code of a session of the pages; None for nobody whom it names any more."""

        def actor(code: str) -> Actor | None:
            now = int(self._clock() * 1000)
            try:
                kept = index.sign_in(digest_of(code), now, now - IDLE_MS)
                return None if kept is None else self._signed_for(open_sign_in(code, kept.sealed).token)
            except (Invalid, KeyvaultError):  # no code of ours
                return None

        return actor

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
            certificate = certificate_of(request)
            found = self.verified(token, presented_proof, certificate)
            if found.actor.role not in (Role.DEPOSITOR, Role.PROFESSIONAL, Role.PATIENT):
                raise Refused("This credential may not deposit.", code="role_not_entitled")
            return Depositor.of(token, found.actor, presented_proof, found.proof, certificate)

        return depositor
