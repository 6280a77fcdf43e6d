"""Passwords: which may be chosen, and whether one is right. Long, and known to no thief: no other rule
(NIST SP 800-63B section 3.1.1.2).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from keyvault.credentials.password_hashes import PasswordHashes
from records.errors import CoffreError, Invalid
from records.text.normal_forms import in_form

SHORTEST, LONGEST = 12, 128
AT_ONCE = 2
"""Hashes made at one time in a process: each fills 64 MiB and a core."""
PATIENCE_S = 10.0


class Passwords:
    """`is_breached`: whether a password is on the list of those that thieves try first."""

    def __init__(self, hashes: PasswordHashes, is_breached: Callable[[str], bool]) -> None:
        self._hashes = hashes
        self._is_breached = is_breached
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def choose(self, password: str, *, beside: str = "") -> str:
        """The hash of a new password. `beside`: what it must not hold, such as the identifier. Raises
        `Invalid` "password_short", "password_long", "password_known", CoffreError "sign_in_busy".
        """
        text = _one_form(password)
        if len(text) < SHORTEST:
            raise Invalid(f"A password has at least {SHORTEST} characters.", code="password_short")
        if len(text) > LONGEST:
            raise Invalid(f"A password has at most {LONGEST} characters.", code="password_long")
        is_beside = bool(beside) and beside.casefold() in text.casefold()
        if is_beside or len(set(text)) < SHORTEST // 3 or self._is_breached(text):
            raise Invalid("Thieves try this password first: choose another.", code="password_known")
        with self._turn():
            return self._hashes.hash(text)

    def holds(self, password: str, kept: str | None) -> bool:
        """Takes as long where there is none to compare with. Raises CoffreError "sign_in_busy"."""
        with self._turn():
            return self._hashes.holds(_one_form(password)[:LONGEST], kept)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=PATIENCE_S):
            raise busy()
        try:
            yield
        finally:
            self._turns.release()


def busy() -> CoffreError:
    return CoffreError("Many sign in at this moment: try again.", code="sign_in_busy")


def _one_form(password: str) -> str:
    """However a keyboard composes its letters."""
    return in_form("NFKC", password)
