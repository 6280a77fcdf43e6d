"""Calls of somebody who is signed in to the pages, proven to the vault by the page process's own key.

What a browser shows is a cookie; its credential is bound to a key that this process holds (docs/adr/0010).
Only calls of a session are proven: a credential that comes over HTTP is its sender's to prove.
"""

from dataclasses import dataclass
from typing import Any, TypeVar, cast

from keyvault.credentials.claims import Confirmation
from keyvault.credentials.possession_proof import DEPOSIT, PresentedProof, call_address
from keyvault.credentials.proving import ProofKey
from keyvault.credentials.sign_in_links import stated
from keyvault.verbs.call import Call
from records.errors import Invalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCall(Call):
    """A call with the credential of a session, as the page process makes it."""


def proving(door: T, key: ProofKey | None) -> T:
    """A door of the vault through which calls of sessions are proven; the door itself without a key."""
    return door if key is None else cast(T, _ProvenDoor(door, key))


def deposit_proof(key: ProofKey | None, token: str, parts: list[bytes]) -> PresentedProof | None:
    """The proof for a deposit by a form of the pages, of these parts; None for what isn't bound to `key`."""
    if key is None or not is_bound_to(token, key):
        return None
    address = call_address(DEPOSIT)
    return PresentedProof(key.proof(token, "POST", address, parts=parts), "POST", address)


def is_bound_to(token: str, key: ProofKey) -> bool:
    """By the token's own words: the vault compares them with the key that has signed."""
    try:
        bound = stated(token).get("cnf")
    except Invalid:
        return False
    return isinstance(bound, dict) and bound.get(Confirmation.KEY.value) == key.thumbprint


class _ProvenDoor:
    """Each verb of the door, asked with a proof of its own."""

    def __init__(self, door: object, key: ProofKey) -> None:
        self._door = door
        self._key = key

    def __getattr__(self, verb: str) -> Any:
        asked = getattr(self._door, verb)

        def ask(*arguments: Any, **named: Any) -> Any:
            proven = (self._proven(verb, each) for each in arguments)
            return asked(*proven, **{name: self._proven(verb, each) for name, each in named.items()})

        return ask

    def _proven(self, verb: str, value: Any) -> Any:
        if not isinstance(value, SessionCall) or not is_bound_to(value.token, self._key):
            return value
        address = call_address(verb)
        proof = self._key.proof(
            value.token, "POST", address, purpose=value.purpose.value, reason=value.reason
        )
        return Call(
            token=value.token,
            purpose=value.purpose,
            reason=value.reason,
            presented=PresentedProof(proof, "POST", address),
        )
