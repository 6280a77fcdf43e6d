"""Ceremonies of WebAuthn (Level 2, section 7): what browsers are asked for, and their answers, verified.

The library reads and verifies; counters are compared by whoever keeps them, once the signature is known to be
good: nobody else can make a passkey look copied.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from records.errors import Refused
from records.text.base64url import unb64
from sign_in.passkeys.relying_party import RelyingParty

NOBODYS_KEY = unb64(
    "pQECAyYgASFYIGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWIlggT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"
)
"""A COSE_Key, the base point of P-256: an answer by a passkey that nobody has is verified with it, and costs
as much as one that is known.
"""
TIMEOUT_MS = 300_000


class PasskeyRefused(Refused):
    code = "passkey_refused"

    def __init__(self) -> None:
        super().__init__("This passkey is not accepted here: choose another, or sign in by another way.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a browser sent: `credential` and `handle` are unproven until `verified`."""

    text: str = field(repr=False)
    credential: bytes = field(repr=False)
    handle: bytes | None = field(repr=False)
    challenge: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Made:
    """A new passkey. `public` is a COSE_Key; `verified`: whoever made it gave a PIN or a finger."""

    credential: bytes = field(repr=False)
    public: bytes = field(repr=False)
    count: int
    verified: bool


@dataclass(frozen=True, slots=True)
class Used:
    count: int
    verified: bool


def making(
    party: RelyingParty, handle: bytes, account_name: str, known: Sequence[bytes], challenge: bytes
) -> str:
    """JSON of what a browser needs to make a passkey. `account_name` is what its list of passkeys shows."""
    return options_to_json(
        generate_registration_options(
            rp_id=party.name,
            rp_name="Coffre",
            user_id=handle,
            user_name=account_name,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        )
    )


def asking(party: RelyingParty, challenge: bytes, *, alone: bool, known: Sequence[bytes] = ()) -> str:
    """JSON of what a browser needs to answer. `alone`: there is nothing else, so that it asks for a PIN or a
    finger; without `known` it shows whichever passkeys it has for this site.
    """
    wanted = UserVerificationRequirement.REQUIRED if alone else UserVerificationRequirement.PREFERRED
    return options_to_json(
        generate_authentication_options(
            rp_id=party.name,
            challenge=challenge,
            timeout=TIMEOUT_MS,
            allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
            user_verification=wanted,
        )
    )


def read_answer(text: str) -> Answer:
    """Raises `PasskeyRefused`."""
    try:
        found = parse_authentication_credential_json(text)
        challenge = parse_client_data_json(found.response.client_data_json).challenge
        return Answer(text, found.raw_id, found.response.user_handle, challenge)
    except Exception:
        raise PasskeyRefused from None


def challenge_of_making(text: str) -> bytes:
    """Raises `PasskeyRefused`."""
    try:
        found = parse_registration_credential_json(text)
        return parse_client_data_json(found.response.client_data_json).challenge
    except Exception:
        raise PasskeyRefused from None


def made(party: RelyingParty, text: str, challenge: bytes) -> Made:
    """Raises `PasskeyRefused`."""
    try:
        found = verify_registration_response(
            credential=text,
            expected_challenge=challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
        )
    except Exception:
        raise PasskeyRefused from None
    return Made(found.credential_id, found.credential_public_key, found.sign_count, found.user_verified)


def verified(party: RelyingParty, answer: Answer, public: bytes, *, alone: bool) -> Used:
    """That the holder of `public` answered, here and now. Raises `PasskeyRefused`."""
    try:
        found = verify_authentication_response(
            credential=answer.text,
            expected_challenge=answer.challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            credential_public_key=public,
            credential_current_sign_count=0,  # compared by who keeps it
            require_user_verification=alone,
        )
    except Exception:
        raise PasskeyRefused from None
    return Used(found.new_sign_count, found.user_verified)


def went_back(before: int, now: int) -> bool:
    """Whether two authenticators share a key (section 6.1.1); who counts nothing says zero for ever."""
    return max(before, now) > 0 and now <= before
