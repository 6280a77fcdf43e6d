"""Tokens that a hardware key has signed: an operator's own word, which no process of ours can make (ADR 39).

`header.claims.authenticatorData.clientDataJSON.signature`, each in base64url. What the key answered is a
WebAuthn assertion (Level 2, section 7.2) whose challenge is the digest of `header.claims`: nobody makes other
claims of it, whoever carries it from the browser to the command line.
"""

import hashlib
import re
from urllib.parse import urlsplit

from audit.canonical import canonical, parse
from keyvault.credentials.claims import LONGEST_LIFE
from keyvault.credentials.refusing import CredentialError
from keyvault.crypto.members import members
from records.errors import Invalid
from records.text.base64url import b64, unb64
from records.vocabulary.codes import Role

TYPE = "coffre+webauthn"
LABEL = b"coffre-hardware-token-v1\0"
PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)((?:\.[A-Za-z0-9_-]+){3})")


def asked(name: str, audience: str, number: str, now: int, key: str | None = None) -> str:
    """`header.claims` for an operator's key to sign; `name` is that of her issuer, `key` the id of the key
    where she has several. `now` in unix seconds.
    """
    header = {"typ": TYPE} | ({"kid": key} if key else {})
    claims = {
        "iss": name,
        "sub": name,
        "aud": audience,
        "iat": now,
        "exp": now + LONGEST_LIFE[Role.OPERATOR],
        "jti": number,
        "role": Role.OPERATOR.value,
    }
    return f"{b64(canonical(header))}.{b64(canonical(claims))}"


def challenge(told: str) -> bytes:
    """What a key signs for `header.claims`: 32 bytes."""
    return hashlib.sha256(LABEL + told.encode("ascii")).digest()


def key_named(header: str) -> str | None:
    """Raises `Invalid` "bad_member"."""
    found = members(parse(unb64(header)), {"typ"}, {"kid"})
    if found["typ"] != TYPE:
        raise Invalid("The token is of another type.", code="bad_member")
    return found.get("kid")


def check_answer(told: str, answer: str, public: bytes, origin: str) -> None:
    """That the key of `public` (a COSE_Key), used at `origin` with its PIN or a finger, signed `told`.

    Raises `Invalid` "bad_member", and of what it did sign `CredentialError` "hardware_key_required" where
    the key can be copied to other devices.
    """
    from webauthn import verify_authentication_response  # noqa: PLC0415 - loads slowly, and for operators alone
    from webauthn.helpers.structs import CredentialDeviceType  # noqa: PLC0415

    data, client, signature = answer.removeprefix(".").split(".")
    named = b64(b"key")
    response = {"authenticatorData": data, "clientDataJSON": client, "signature": signature}
    credential = {"id": named, "rawId": named, "type": "public-key", "response": response}
    try:
        found = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge(told),
            expected_rp_id=urlsplit(origin).hostname or "",
            expected_origin=origin,
            credential_public_key=public,
            credential_current_sign_count=0,  # a token serves for its five minutes, as every other
            require_user_verification=True,
        )
    except Exception:  # the library's parsers of foreign bytes raise whatever they meet
        raise Invalid("No key answered this.", code="bad_member") from None
    if found.credential_device_type is not CredentialDeviceType.SINGLE_DEVICE:
        raise key_copied()


def key_copied() -> CredentialError:
    return CredentialError(
        "A cloud may copy this passkey: an operator has a hardware key, which is in one hand.",
        code="hardware_key_required",
    )


def read_registration(text: str, origin: str) -> bytes:
    """The COSE_Key that a browser's answer of registration tells of, made at `origin` in a hardware key.

    Two operators vouch for whose it is; nobody asks when it was made. Raises `Invalid` "bad_key",
    `CredentialError` "hardware_key_required".
    """
    from webauthn import verify_registration_response  # noqa: PLC0415 - loads slowly
    from webauthn.helpers import parse_client_data_json, parse_registration_credential_json  # noqa: PLC0415
    from webauthn.helpers.structs import CredentialDeviceType  # noqa: PLC0415

    try:
        client = parse_registration_credential_json(text).response.client_data_json
        found = verify_registration_response(
            credential=text,
            expected_challenge=parse_client_data_json(client).challenge,
            expected_rp_id=urlsplit(origin).hostname or "",
            expected_origin=origin,
            require_user_verification=True,
        )
    except Exception:  # as above
        raise Invalid(
            f"The file holds no key that was made at {origin}/sign-in/operateur: make one there.",
            code="bad_key",
        ) from None
    if found.credential_device_type is not CredentialDeviceType.SINGLE_DEVICE:
        raise key_copied()
    return found.credential_public_key
