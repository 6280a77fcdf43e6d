"""Pauses after failed tries, which grow and end: nobody is locked out for good.

A try counts before it is judged, so that many at once are no way around; one that was right is forgiven.
Of an account, tries from a device that its holder has signed in with before count apart: whoever tries from
elsewhere keeps out himself and other strangers, never that device.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network
from uuid import UUID

from keyvault.credentials.account_keys import AccountKeys, Named
from records.errors import Refused
from sign_in.store import AccountTransaction


@dataclass(frozen=True, slots=True)
class Patience:
    """How many tries are free, and how long the longest pause is; forgotten `kept_ms` after the last."""

    free: int
    longest_ms: int
    kept_ms: int = 3_600_000


ACCOUNT = Patience(free=4, longest_ms=120_000)
DEVICE = Patience(free=6, longest_ms=60_000)
ADDRESS = Patience(free=30, longest_ms=900_000)
"""A household or a hospital has one address."""
NETWORK = Patience(free=240, longest_ms=120_000)
"""Of a /48 of IPv6, whose owner has an address of its own for each try, but which may be a quarter of a
town's telephones as well: eight times as many, and pauses that are short.
"""
CODES = Patience(free=5, longest_ms=3_600_000, kept_ms=86_400_000)
"""Of codes that were sent and not given back: each is a message on somebody's telephone, and five tries."""
OPENINGS = Patience(free=20, longest_ms=3_600_000, kept_ms=86_400_000)
"""Of accounts that one professional opens for others, those that exist already as well."""
ONLINE = Patience(free=6, longest_ms=3_600_000, kept_ms=86_400_000)
"""Of accounts asked for online from one address: a household."""
ONLINE_NETWORK = Patience(free=48, longest_ms=600_000, kept_ms=86_400_000)
"""Of those asked for from a /48 of IPv6."""
_NETWORK_BITS = 48
ONLINE_OF_PERSON = Patience(free=3, longest_ms=3_600_000, kept_ms=86_400_000)
"""Of those for one person from one address. Of the person alone nothing is counted: whoever types somebody's
number all day keeps the person out of nothing, and paper leaves as seldom as a letter lasts."""
FIRST_PAUSE_MS = 1_000
CLOCKS_MS = 3_600_000
"""By which clocks of the processes of a site may differ. What one wrote that was further ahead is forgotten:
it would keep people out as long.
"""


class TooManyTries(Refused):
    """`wait_s`: the pause that is left."""

    code = "too_many_tries"

    def __init__(self, wait_s: int) -> None:
        super().__init__("Too many tries: wait a moment, then try again.")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose tries are counted: `name` as it is found, and how patient one is with them."""

    name: bytes
    patience: Patience


class Tries:
    """Failed tries in their table."""

    def __init__(self, keys: AccountKeys) -> None:
        self._keys = keys

    def of_identifier(self, identifier: str) -> Whose:
        return Whose(self._keys.name(Named.TRIES, "identifier", identifier), ACCOUNT)

    def of_device(self, identifier: str, device: bytes) -> Whose:
        return Whose(self._keys.name(Named.TRIES, "device", identifier, device), DEVICE)

    def of_address(self, address: str) -> list[Whose]:
        """`address`: of one subscriber. Beside it, of IPv6, the network that it lies in."""
        return self._at("address", address, ADDRESS, NETWORK)

    def of_codes(self, account_id: UUID, device: bytes) -> Whose:
        """Codes that leave for a known device of an account (b"": for any other)."""
        return Whose(self._keys.name(Named.TRIES, "sent", account_id.bytes, device), CODES)

    def of_new_contacts(self, account_id: UUID) -> Whose:
        """Codes that leave for addresses that somebody gives for this account."""
        return Whose(self._keys.name(Named.TRIES, "contact", account_id.bytes), CODES)

    def of_opener(self, who: Sequence[str]) -> Whose:
        """A professional, whoever issued the credential."""
        return Whose(self._keys.name(Named.TRIES, "opens", *who), OPENINGS)

    def of_online(self, address: str) -> list[Whose]:
        """As `of_address`."""
        return self._at("online", address, ONLINE, ONLINE_NETWORK)

    def of_online_person(self, address: str, ins: str) -> Whose:
        return Whose(self._keys.name(Named.TRIES, "online person", address, ins), ONLINE_OF_PERSON)

    def count_all(self, tx: AccountTransaction, every: Sequence[Whose], now_ms: int) -> None:
        """As `count`, of each: where one pauses the transaction has to end, and nothing is counted."""
        for whose in every:
            self.count(tx, whose, now_ms)

    def take_back_all(self, tx: AccountTransaction, every: Sequence[Whose], now_ms: int) -> None:
        for whose in every:
            self.take_back(tx, whose, now_ms)

    def count(self, tx: AccountTransaction, whose: Whose, now_ms: int) -> None:
        """One more try. Raises `TooManyTries` while its pause lasts, and then counts nothing: who keeps on
        trying makes nobody's pause longer.
        """
        row = tx.get("tries", lock=True, whose=whose.name)
        latest = now_ms + whose.patience.kept_ms + CLOCKS_MS
        failures = row["failures"] if row is not None and now_ms < row["expires"] <= latest else 0
        if row is not None and failures and row["until"] > now_ms:
            raise TooManyTries(math.ceil((row["until"] - now_ms) / 1000))
        values = {
            "failures": failures + 1,
            "until": now_ms + pause_ms(failures + 1, whose.patience),
            "expires": now_ms + whose.patience.kept_ms,
        }
        if row is not None:
            tx.update("tries", values, whose=whose.name)
        elif not tx.insert_new("tries", {"whose": whose.name} | values):
            raise TooManyTries(1)  # another try of the same moment was first

    def forgive(self, tx: AccountTransaction, whose: Whose) -> None:
        tx.delete("tries", whose=whose.name)

    def take_back(self, tx: AccountTransaction, whose: Whose, now_ms: int) -> None:
        """The try that was counted last was right: what others failed before it stays."""
        row = tx.get("tries", lock=True, whose=whose.name)
        if row is not None:
            tx.update("tries", {"failures": max(0, row["failures"] - 1), "until": now_ms}, whose=whose.name)

    def forget(self, tx: AccountTransaction, now_ms: int) -> None:
        tx.delete("tries", expires__le=now_ms)

    def _at(self, what: str, address: str, near: Patience, wide: Patience) -> list[Whose]:
        places = [(address, near), (_wider(address), wide)]
        return [Whose(self._keys.name(Named.TRIES, what, place), how) for place, how in places if place]


def _wider(address: str) -> str:
    """The network of a subscriber of IPv6; nothing for any other."""
    try:
        found = IPv6Network(address)
    except ValueError:
        return ""
    return str(found.supernet(new_prefix=_NETWORK_BITS)) if found.prefixlen > _NETWORK_BITS else ""


def pause_ms(failures: int, patience: Patience) -> int:
    """None for the first tries, then twice as long each time."""
    beyond = failures - patience.free
    return 0 if beyond < 0 else min(patience.longest_ms, FIRST_PAUSE_MS << min(beyond, 30))
