"""Sign-ins of the pages: a random code that its holder keeps, and a sealed token that the index keeps.

The index knows the code's digest and a ciphertext whose key comes from the code: who reads the index alone
can neither sign in nor tell who did.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Any

from audit.canonical import parse
from keyvault.crypto.envelope import KEY_SIZE, ZEROS, KeyvaultError, derive
from keyvault.crypto.sealed_json import open_json, seal_json
from records.errors import Invalid
from records.text.base64url import b64, unb64

_DIGEST_LABEL = b"coffre-sign-in-v1\0"
_KEY_LABEL = b"coffre-sign-in-key-v1\0"
_FORM_LABEL = b"coffre-form-v1\0"


@dataclass(frozen=True, slots=True)
class SignIn:
    """`code` (base64url, 32 bytes) goes to the person; `digest` (32 bytes) and `sealed` go to the index."""

    code: str = field(repr=False)
    digest: bytes
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenedSignIn:
    """The token of a sign-in, and the secret that its forms are bound to, the same for every code of one
    session: a page that was open meanwhile sends a form that counts.
    """

    token: str = field(repr=False)
    forms: str = field(repr=False)


def new_sign_in(token: str, forms: str | None = None) -> SignIn:
    """Draws a code and seals a token under it; `forms` of the code that this one takes the place of."""
    secret = os.urandom(KEY_SIZE)
    code = b64(secret)
    digest = digest_of(code)
    kept = {"token": token} | ({"forms": forms} if forms else {})
    return SignIn(code, digest, seal_json(_key(secret), kept, digest))


def digest_of(code: str) -> bytes:
    """Returns the 32 bytes under which the index keeps a sign-in: SHA-256 over label and code.

    Raises `Invalid` "bad_base64" for what is no code.
    """
    return hashlib.sha256(_DIGEST_LABEL + _secret(code)).digest()


def open_sign_in(code: str, sealed: bytes) -> OpenedSignIn:
    """Raises `KeyvaultError` "unseal_failed", or `Invalid` "bad_base64" for no code."""
    found = open_json(_key(_secret(code)), sealed, digest_of(code))
    token, forms = found.get("token"), found.get("forms", code)
    if not isinstance(token, str) or not isinstance(forms, str):
        raise KeyvaultError("A sealed sign-in holds no token.", code="unseal_failed")
    return OpenedSignIn(token, forms)


def stated(token: str) -> dict[str, Any]:
    """Returns the claims of a token without verifying them: enough to choose a page, never to decide.

    Raises `Invalid` "bad_base64" or "bad_json".
    """
    claims = parse(unb64(token.partition(".")[2].partition(".")[0]))
    if not isinstance(claims, dict):
        raise Invalid("The claims of a token are an object.", code="bad_json")
    return claims


def form_token(code: str, action: str) -> str:
    """Returns the value that proves a form was made for the holder of `code` and for one `action`."""
    return b64(hmac.digest(_secret(code), _FORM_LABEL + action.encode("utf-8"), "sha256"))


def is_form_token(code: str, action: str, value: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(form_token(code, action).encode("ascii"), value.encode("utf-8"))


def _secret(code: str) -> bytes:
    return unb64(code, KEY_SIZE)


def _key(secret: bytes) -> bytes:
    return derive(secret, ZEROS, _KEY_LABEL)
