"""Hashes of passwords: Argon2id (RFC 9106), as PHC strings.

The memory of one is `MEMORY_KIB`: who runs many at once bounds how many.
"""

import secrets

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from records.errors import CoffreError

MEMORY_KIB, ITERATIONS, LANES = 65_536, 3, 1
"""At least 100 ms of one core (`make bench`); the second of the two choices of RFC 9106 section 4."""
SALT, LENGTH = 16, 32


class PasswordHashes:
    """`memory_kib` and `iterations`: the cost; less than the default for tests alone."""

    def __init__(self, memory_kib: int = MEMORY_KIB, iterations: int = ITERATIONS) -> None:
        self._memory, self._iterations = memory_kib, iterations
        self._nobodys = self.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """The PHC string of a password, which names its own cost."""
        made = Argon2id(
            salt=secrets.token_bytes(SALT),
            length=LENGTH,
            iterations=self._iterations,
            lanes=LANES,
            memory_cost=self._memory,
        )
        return str(made.derive_phc_encoded(password.encode()))

    def holds(self, password: str, kept: str | None) -> bool:
        """Whether it is the password of that string. None (there is no account, or none that has a password)
        costs the same.
        """
        try:
            Argon2id.verify_phc_encoded(password.encode(), kept or self._nobodys)
        except InvalidKey:
            return False
        except ValueError:
            raise CoffreError("A kept password hash cannot be read.", code="unseal_failed") from None
        return kept is not None
