"""Issues credentials (docs/formats.md section 9): for the demo, the sign-in service, a person's own key."""

import secrets
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.canonical import canonical
from keyvault.credentials.claims import LONGEST_LIFE, Binding, Confirmation, actor_of, binding_of
from keyvault.credentials.issuers import DEMO_ISSUER
from keyvault.credentials.tokens import JWS, TYPE, check_issuer
from keyvault.crypto.signing import key_id, public_key
from records.errors import Invalid
from records.people.identity import INS
from records.vocabulary.codes import Environment, Role


class Authority:
    """Signs tokens with one key, under one name. What it may say is in the vault's table of issuers."""

    def __init__(self, private: bytes, *, environment: Environment, issuer: str = DEMO_ISSUER) -> None:
        """Takes a raw Ed25519 private key. Raises `Invalid` "demo_authority_refused" in production."""
        check_issuer(issuer, environment)
        self.public = public_key(private)
        self.key_id = key_id(self.public)
        self.issuer = issuer
        self._environment = environment
        self._key = Ed25519PrivateKey.from_private_bytes(private)

    def issue(
        self,
        *,
        role: Role,
        subject: str,
        audience: str,
        now: int,
        lifetime: int | None = None,
        rpps: str | None = None,
        profession: str | None = None,
        structure: str | None = None,
        sector: str | None = None,
        setting: str | None = None,
        ins: INS | None = None,
        key: str | None = None,
        cnf: Mapping[str, str] | None = None,
        auth_time: int | None = None,
    ) -> str:
        """Returns a token from `now` (unix seconds), for the role's longest life unless `lifetime` says less.

        `cnf` is what it is bound to (`Binding.claim`); `key` says the same by the thumbprint (RFC 7638) of a
        key. `auth_time` is when the person last proved who it is (unix seconds). Raises `Invalid` if the role
        misses a claim or has one too many, or one is malformed. A professional has a sector: tokens of
        earlier issues without one are read, and open nothing (R29).
        """
        if role is Role.PROFESSIONAL and sector is None:
            raise Invalid("A professional's token names the sector of activity.", code="bad_member")
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "iat": now,
            "exp": now + (LONGEST_LIFE[role] if lifetime is None else lifetime),
            "jti": secrets.token_urlsafe(16),
            "role": role.value,
            "rpps": rpps,
            "profession": profession,
            "structure": structure,
            "sector": sector,
            "setting": setting,
            "ins": None if ins is None else ins.value,
            "cnf": cnf if key is None else Binding(Confirmation.KEY, key).claim,
            "auth_time": auth_time,
        }
        stated = {name: value for name, value in claims.items() if value is not None}
        actor_of(stated, self._environment)
        binding_of(stated)
        header = {"typ": TYPE, "kid": self.key_id}
        return JWS.encode(canonical(stated), self._key, algorithm="EdDSA", headers=header)
