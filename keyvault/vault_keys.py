"""Every part of a running vault stands on its keys, settings, clock, chain 0 and names for values."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from keyvault.credentials.issuers import Issuer
from keyvault.crypto.search_tokens import TokenField, token
from keyvault.keys.keyring import Keyring
from keyvault.log.appending import SYSTEM, Chain
from keyvault.quotas import DEFAULT_QUOTAS, Quotas
from keyvault.store import Row
from records.people.identity import INS, read_ins
from records.vocabulary.codes import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings:
    """Settings of a vault that `coffre init` fixed."""

    environment: Environment
    origin: str  # of the log's checkpoints, audit.<host>/<environment>
    issuer: str  # the authority of former versions, which credentials without a number of their own name
    audience: str
    first_issuers: tuple[Issuer, ...]  # with which the table of issuers begins
    officer_public: bytes  # X25519 of the audit officer
    quotas: Quotas = DEFAULT_QUOTAS
    require_possession: bool = False  # refuses bearer tokens; true in production


class VaultKeys:
    """The opened keys of a vault with what it says by them. Threads may share it."""

    def __init__(
        self, keyring: Keyring, settings: VaultSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self.keyring = keyring
        self.settings = settings
        self._clock = clock
        self.system_chain = self._new_system_chain()

    def now_ms(self) -> int:
        return int(self._clock() * 1000)

    def begin_system_chain(self) -> None:
        """From here on chain 0 goes on as a new chain, under the newest version of its key."""
        self.system_chain = self._new_system_chain()

    def _new_system_chain(self) -> Chain:
        # chain 0 is one chain per vault process (docs/vault.md section 5)
        version = self.keyring.system_chain.newest
        return Chain(uuid4(), SYSTEM, self.keyring.system_chain.version(version), version)

    def system_chain_of(self, row: Row) -> Chain:
        """Chain 0 of any vault process, from its row of `chain`."""
        key = self.keyring.system_chain.version(row["key_version"])
        return Chain(row["chain_id"], SYSTEM, key, row["key_version"])

    def pseudonym(self, label: bytes, value: bytes) -> bytes:
        """32 bytes that stand for a value in counters and windows; none can be tried out without the key."""
        return hmac.digest(self.keyring.index_key, label + b"\x00" + value, "sha256")

    def token(self, field_name: TokenField, value: str | bytes) -> bytes:
        return token(self.keyring.index_key, field_name, value)

    def ins(self, text: str) -> INS:
        """Read an INS of this environment: `matricule` with its default OID, or `matricule|oid`."""
        return read_ins(text, self.settings.environment)
