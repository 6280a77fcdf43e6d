"""The authorization code flow of OpenID Connect with PKCE, checked as its sections 3.1.2 and 3.1.3 have it.

Beyond them: the answer names the issuer it is from (RFC 9207, against mix-up), the level (acr) is one that
was asked for, userinfo is about the same subject, and the provider confirms the access token (RFC 7662).
"""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jws import JWSRegistry

from records.sessions import LONGEST_S
from sign_in.federation.begun import Begun
from sign_in.federation.provider import FederationRefused, Provider
from sign_in.federation.settings import ALGORITHMS

LEEWAY_S = 60
UNAUTHORIZED = 401
log = logging.getLogger("coffre.sign_in")


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whom the provider has recognised: what it calls him (sub) and says of him, and when he proved himself
    (unix seconds).
    """

    subject: str = field(repr=False)
    userinfo: Mapping[str, Any] = field(repr=False)
    proven_at: int


class CodeFlow:
    """Sends people to a provider, and takes what they bring back."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._settings = provider.settings

    def begin(self, begun: Begun) -> str:
        """The address of the provider to which the browser goes. Raises `ProviderUnavailable`."""
        settings = self._settings
        asked = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": settings.redirect_uri,
            "scope": settings.scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "acr_values": settings.levels[0],
            "code_challenge": create_s256_code_challenge(begun.verifier),
            "code_challenge_method": "S256",
            # with it the provider has to say when somebody proved himself (OpenID Connect Core, section 2)
            "max_age": str(0 if begun.fresh else LONGEST_S),
        }
        if begun.fresh:
            asked["prompt"] = "login"
        where = self._provider.address("authorization_endpoint")
        return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"

    def finish(self, begun: Begun | None, answer: Mapping[str, str], now: int) -> Recognised:
        """Whom the provider's answer (the query of the redirect) is about, at `now` (unix seconds).

        Raises `FederationRefused` with a code that says at which step, `ProviderUnavailable`.
        """
        if begun is None or not hmac.compare_digest(begun.state.encode(), answer.get("state", "").encode()):
            raise FederationRefused(
                "This answer does not belong to a sign-in that began in this browser. Begin again.",
                code="federation_state",
            )
        id_token, access_token = self._tokens(self._code(answer), begun)
        claims = self._claims(id_token, access_token, begun, now)
        proven_at = self._proven_at(claims, begun, now)
        subject = claims["sub"]
        userinfo = self._told_of(subject, access_token) if self._settings.knows_people else {}
        return Recognised(subject, userinfo, proven_at)

    def _told_of(self, subject: str, access_token: str) -> Mapping[str, Any]:
        userinfo = self._provider.told_to(access_token)
        if userinfo.get("sub") != subject:  # OpenID Connect Core section 5.3.4: another person's
            raise _no_token()
        self._introspect(access_token)
        return userinfo

    def _code(self, answer: Mapping[str, str]) -> str:
        unnamed = "" if self._provider.metadata().names_itself else self._settings.issuer
        if answer.get("iss", unnamed) != self._settings.issuer:
            raise FederationRefused(
                "This answer comes from another identity service. Begin again.", code="federation_issuer"
            )
        if "error" in answer or not answer.get("code"):
            raise FederationRefused("The identity service did not sign you in. Begin again.")
        return answer["code"]

    def _tokens(self, code: str, begun: Begun) -> tuple[str, str]:
        """(id token, access token) for a code."""
        answer = self._provider.post(
            "token_endpoint",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._settings.redirect_uri,
                "code_verifier": begun.verifier,
            },
        )
        if answer.status == UNAUTHORIZED or answer.told.get("error") == "invalid_client":
            log.error("the identity service does not know this client, or its secret is another")
            raise FederationRefused(
                "The identity service does not admit this Coffre. Tell the hosting team.",
                code="federation_client",
            )
        found = (answer.told.get("id_token"), answer.told.get("access_token"))
        if "error" in answer.told or not all(isinstance(each, str) and each.isascii() for each in found):
            raise _no_token()
        return str(found[0]), str(found[1])

    def _claims(self, id_token: str, access_token: str, begun: Begun, now: int) -> Mapping[str, Any]:
        own = self._settings.client_id
        try:
            decoded = self._decoded(id_token)
            _check_clock(decoded.claims, now)
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                {"iss": {"values": [self._settings.issuer]}, "aud": {"essential": True}},
                {"nonce": begun.nonce, "client_id": own, "access_token": access_token},
            )
            claims.validate(now=now, leeway=LEEWAY_S)
        except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError, RecursionError):
            raise _no_token() from None
        if claims["aud"] not in (own, [own]) or not isinstance(claims["sub"], str) or not claims["sub"]:
            raise _no_token()
        if claims.get("acr") not in self._settings.levels:
            raise FederationRefused(
                "The identity service did not prove who you are at the level that records need. Sign in "
                "there by a stronger means.",
                code="federation_level",
            )
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        try:
            return jwt.decode(id_token, self._provider.keys(), registry=registry)
        except (InvalidKeyIdError, ValueError):  # a key that the provider has since
            return jwt.decode(id_token, self._provider.keys(anew=True), registry=registry)

    def _proven_at(self, claims: Mapping[str, Any], begun: Begun, now: int) -> int:
        """When he proved himself, as late as was asked for."""
        at = claims.get("auth_time")
        if type(at) is not int or at > now + LEEWAY_S:
            raise _no_token()
        if at < (begun.at if begun.fresh else now - LONGEST_S) - LEEWAY_S:
            raise FederationRefused(
                "You have to identify yourself anew for this. Begin again.", code="federation_not_fresh"
            )
        return min(at, now)

    def _introspect(self, access_token: str) -> None:
        found = self._provider.post("introspection_endpoint", {"token": access_token}).good()
        if found.get("active") is not True:
            raise _no_token()
        if found.get("client_id", self._settings.client_id) != self._settings.client_id:
            raise _no_token()


def _check_clock(claims: Mapping[str, Any], now: int) -> None:
    """A token that was signed a moment ago, and is not of this moment: no beginning again mends that. Raises
    `FederationRefused` "federation_clock".
    """
    issued, ends = claims.get("iat"), claims.get("exp")
    is_behind = type(issued) is int and issued > now + LEEWAY_S
    is_ahead = type(ends) is int and ends < now - LEEWAY_S
    if not (is_behind or is_ahead):
        return
    log.error(
        "this machine's clock is %s that of the identity service, or that one is wrong: set it (timedatectl)",
        "behind" if is_behind else "ahead of",
        extra={"code": "federation_clock"},
    )
    raise FederationRefused(
        "You cannot sign in through the identity service at the moment. Sign in by another way, or tell the "
        "hosting team.",
        code="federation_clock",
    )


def _no_token() -> FederationRefused:
    return FederationRefused(
        "What the identity service answered cannot be accepted. Begin again.", code="federation_token"
    )
