"""Challenges that a passkey answers: bound to browser and use, for ten minutes, once.

One that was drawn is written down nowhere, so that who merely asks fills no table, and nobody sees by what
asking costs whether there is an account. One that was answered is, so that it serves once.
"""

import hmac
import secrets
from enum import StrEnum

from keyvault.credentials.account_keys import AccountKeys, Named
from records.errors import Refused
from sign_in.store import AccountTransaction

LIFE_MS = 10 * 60_000
_RANDOM, _INSTANT = 16, 8


class Use(StrEnum):
    ALONE = "alone"
    """To sign in without anything else."""
    SECOND = "second"
    """In place of a code, after identifier and password."""
    MAKING = "making"


class ChallengeLapsed(Refused):
    code = "passkey_late"

    def __init__(self) -> None:
        super().__init__("The page waited too long, or was used already: try again on this one.")


class Challenges:
    """`asker`: what it is bound to besides its use, a browser's secret or a session."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def draw(self, use: Use, asker: str, now_ms: int) -> bytes:
        drawn = secrets.token_bytes(_RANDOM) + now_ms.to_bytes(_INSTANT, "big")
        return drawn + self._proof(use, asker, drawn)

    def spend(self, tx: AccountTransaction, challenge: bytes, use: Use, asker: str, now_ms: int) -> None:
        """It was answered. Raises `ChallengeLapsed` for one that is over, was spent, or is another's."""
        drawn, proof = challenge[: _RANDOM + _INSTANT], challenge[_RANDOM + _INSTANT :]
        drawn_at = int.from_bytes(drawn[_RANDOM:], "big")
        is_ours = hmac.compare_digest(self._proof(use, asker, drawn), proof)
        if not is_ours or not drawn_at <= now_ms < drawn_at + LIFE_MS:
            raise ChallengeLapsed
        tx.delete("challenge", expires__le=now_ms)
        if not tx.insert_new("challenge", {"challenge": proof, "expires": drawn_at + LIFE_MS}):
            raise ChallengeLapsed

    def _proof(self, use: Use, asker: str, drawn: bytes) -> bytes:
        return self._keys.name(Named.CHALLENGE, use.value, asker, drawn)
