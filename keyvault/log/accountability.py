"""Accountability: for each entry a line that its actor reads and one that the audit officer opens
(docs/formats.md section 5). They outlive the record's own events.
"""

import hmac
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from audit.canonical import canonical
from keyvault.crypto.boxes import seal_box
from keyvault.crypto.envelope import KeyvaultError
from keyvault.crypto.sealed_json import event_aad, open_json
from keyvault.keys.keyring import Keyring
from keyvault.keys.secret_keys import Use
from records.people.actors import Actor
from records.vocabulary.codes import Role

Place = tuple[UUID, int, int]  # chain id, chain, seq


def own_token(keyring: Keyring, actor: Actor | None) -> bytes:
    """The token that a new line is kept under."""
    return _token(keyring.accountability.key(Use.OWN_TOKEN), actor)


def own_tokens(keyring: Keyring, actor: Actor, former_issuer: str) -> list[bytes]:
    """The tokens under which an actor's own lines are found, for each version of the key (R56).

    Former versions kept a line under the credential's issuer, subject and structure: found are those of this
    credential's, and those of `former_issuer`, whose subjects were the national numbers. An operator's lines
    were kept under what the issuer calls her.
    """
    keys = keyring.accountability.keys(Use.OWN_TOKEN)
    names = {(actor.issuer, actor.subject), (former_issuer, actor.rpps or actor.subject)}
    former = [canonical([*name, actor.structure or ""]) for name in sorted(names)]
    called = canonical([actor.role.value, actor.structure or "", actor.subject])
    return [
        *(_token(key, actor) for key in keys),
        *(_token_of(key, called) for key in keys if actor.role is Role.OPERATOR),
        *(hmac.digest(key, b"coffre-own-v1\x00" + value, "sha256") for key in keys for value in former),
    ]


def seal_lines(
    keyring: Keyring, officer_public: bytes, place: Place, actor: bytes, line: Mapping[str, Any]
) -> tuple[bytes, bytes]:
    """`line` sealed for its actor, whose token is `actor`, and boxed for the audit officer."""
    own = keyring.accountability.seal(Use.OWN, line, _aad(place, actor))
    return own, seal_box(officer_public, canonical(dict(line)))


def open_own(keyring: Keyring, place: Place, actor: bytes, own: bytes) -> dict[str, Any]:
    """An actor's own line. Raises `KeyvaultError` "unseal_failed", also where it is kept under another actor.

    The label v1 said nothing of the actor; it was written under version 1 of the key alone.
    """
    try:
        return keyring.accountability.open(Use.OWN, own, _aad(place, actor))
    except KeyvaultError:
        first = keyring.accountability.by_version.get(1)
        if first is None:
            raise
        return open_json(first, own, b"coffre-own-v1\x00" + event_aad(*place))


def _token(key: bytes, actor: Actor | None) -> bytes:
    return _token_of(key, canonical(actor.person) if actor else b"")


def _token_of(key: bytes, value: bytes) -> bytes:
    return hmac.digest(key, b"coffre-own-v3\x00" + value, "sha256")


def _aad(place: Place, actor: bytes) -> bytes:
    return b"coffre-own-v2\x00" + event_aad(*place) + actor
