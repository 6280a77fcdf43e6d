"""Measure how many credentials a vault verifies a second, with one issuer in its table and with many.

Verified is a bearer's token by the vault's own code over its own store: look-up of the issuer, signature,
claims, withdrawals. Beside it stands the signature check alone, which no table makes faster. The first look
at an issuer of a second reads and unseals one row; `first looks` asks each once, so that none is remembered.
"""

import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.tools.measuring import compete, table
from keyvault.context import Vault
from keyvault.credentials.authority import Authority
from keyvault.credentials.issuers import first_issuer, issuer_of
from keyvault.crypto.boxes import new_box_key
from keyvault.keys.issuers import KeptIssuer
from keyvault.keys.keyring import Keyring
from keyvault.process.guard import Guard
from keyvault.roots.file import FileRoot
from keyvault.vault_keys import VaultSettings
from records.text.base64url import unb64
from records.vocabulary.codes import Environment, Role
from storage.engines.opening import engine_for
from storage.migrations.migrate import upgrade
from storage.vault_store.store import SqlVaultStore
from storage.vault_store.tables import DAY_KEYS

MANY = 1_000
CALLS = 500
ROUNDS = 7
AUDIENCE = "coffre/test"


def run(issuers: int = MANY) -> None:
    rows = []
    for number in (1, issuers):
        with _vault(number) as (vault, tokens):
            rows.append((f"{number:,}".replace(",", " "), *_measured(vault, tokens)))
    table(
        "Credentials verified a second of one processor",
        ("issuers", "one issuer's", "of all in turn", "first looks", "signature alone"),
        rows,
    )


@contextmanager
def _vault(number: int) -> Iterator[tuple[Vault, list[str]]]:
    """A vault with so many issuers of depositors beside its first, and a token of each."""
    with tempfile.TemporaryDirectory() as folder:
        stores = {}
        for branch in ("vault", "day_keys"):
            database = engine_for(f"sqlite:///{folder}/{branch}.db")
            upgrade(database, branch)
            stores[branch] = database
        store = SqlVaultStore(stores["vault"])
        root = FileRoot.create(Path(folder) / "root.json", None)
        Guard.initialise(store, root, shards=1)
        doors = [_door(at) for at in range(number)]
        first = first_issuer(doors[0].issuer, doors[0].public, Environment.TEST)
        vault = Vault(
            store=store,
            day_keys=SqlVaultStore(stores["day_keys"], DAY_KEYS),
            keyring=Keyring(store, root),
            settings=VaultSettings(
                environment=Environment.TEST,
                origin="audit.localhost/test",
                issuer=first.name,
                audience=AUDIENCE,
                first_issuers=(first,),
                officer_public=new_box_key()[1],
            ),
        )
        now = int(time.time())
        with store.writing() as tx:
            vault.issuers.begin(tx, now)
            for door in doors[1:]:
                new = issuer_of(door.issuer, door.public, [Role.DEPOSITOR], Environment.TEST)
                vault.issuers.keep(tx, KeptIssuer(new, first_seen=now))
        yield vault, [_token(door, now) for door in doors]
        for database in stores.values():
            database.close()


def _door(number: int) -> Authority:
    name = f"https://door-{number}.example"
    return Authority(secrets.token_bytes(32), environment=Environment.TEST, issuer=name)


def _token(door: Authority, now: int) -> str:
    told = {"role": Role.DEPOSITOR, "subject": "a system", "structure": "1750000001"}
    return door.issue(audience=AUDIENCE, now=now, **told)  # type: ignore[arg-type]


def _measured(vault: Vault, tokens: list[str]) -> tuple[str, ...]:
    mixed = [tokens[at % len(tokens)] for at in range(CALLS)]
    first_looks = tokens[:CALLS]
    key, signed, signature = _signature(vault, tokens[0])

    def anew() -> None:
        vault.issuers.forget()
        _verify(vault, first_looks)

    contestants = {
        "one": lambda: _verify(vault, tokens[:1] * CALLS),
        "mixed": lambda: _verify(vault, mixed),
        "anew": anew,
        "signature": lambda: [key.verify(signature, signed) for _ in range(CALLS)],
    }
    found = compete(contestants, ROUNDS)
    done = {"anew": len(first_looks)}
    return tuple(f"{done.get(name, CALLS) / found[name].cpu:,.0f}" for name in contestants)


def _verify(vault: Vault, tokens: list[str]) -> None:
    for token in tokens:
        vault.actor(token)


def _signature(vault: Vault, token: str) -> tuple[Ed25519PublicKey, bytes, bytes]:
    """The bare check of one token's signature."""
    signed, _, signature = token.rpartition(".")
    public = vault.settings.first_issuers[0].public
    return Ed25519PublicKey.from_public_bytes(public), signed.encode(), unb64(signature, 64)
