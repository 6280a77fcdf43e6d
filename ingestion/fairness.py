"""Turns among depositors: whoever waits is served in turn, and one whose files are slow never takes it all.

A depositor is known by its token alone (docs/vault.md section 2). What its files cost is counted where they
are validated: the CPU time of the sandbox's children, by day. Counters are kept in memory for a while before
they are written, since a write for each submission would cost more than it tells.
"""

import secrets
import threading
import time
from collections.abc import Callable

from storage.ports import Index
from storage.rows import Burdens, Turn

SLOW_FLOOR_S = 2.0
"""CPU seconds that any submission may take before it is called slow."""
SLOW_BYTES_A_SECOND = 10_000_000
"""What honest files take at least (docs/scale.md): a submission may cost its size over this, too."""
SLOW_FOR_MS = 600_000
LOOKED_AT_EVERY_S = 5.0
WRITTEN_AT_S = 5.0
"""CPU seconds of one depositor that are kept in memory at most."""
DAY_MS = 86_400_000


def is_slow(cpu_s: float, size: int) -> bool:
    """Whether validating `size` bytes took more than honest files take."""
    return cpu_s > SLOW_FLOOR_S + size / SLOW_BYTES_A_SECOND


class Turns:
    """The turns of one worker. `reserved`: it never serves the slow, so that nobody waits for them."""

    def __init__(
        self, index: Index, *, allowance_s: int, reserved: bool, clock: Callable[[], float] = time.time
    ) -> None:
        self._index, self._allowance_ms, self._reserved = index, allowance_s * 1000, reserved
        self._clock = clock
        self._after = secrets.token_bytes(32)  # workers begin at different places of the circle
        self._burdens, self._looked_at = Burdens(), 0.0
        self._spent: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def next(self) -> Turn:
        burdens = self._present()
        avoided = burdens.slow | burdens.over
        return Turn(self._after, avoided, alone=self._reserved and not avoided.isdisjoint(burdens.slow))

    def taken(self, depositor: bytes) -> None:
        """The next turn is somebody else's, where anybody else waits."""
        self._after = depositor

    def is_slow(self, depositor: bytes) -> bool:
        return depositor in self._present().slow

    def spent(self, depositor: bytes, cpu_s: float, size: int) -> None:
        """What validating `size` bytes of a depositor cost."""
        slow = is_slow(cpu_s, size)
        with self._lock:
            total = self._spent.pop(depositor, 0.0) + cpu_s
            if not slow and total < WRITTEN_AT_S:
                self._spent[depositor] = total
                return
        now = self._now_ms()
        until = now + SLOW_FOR_MS if slow else 0
        self._index.charge(depositor, now // DAY_MS, int(total * 1000), until)
        self._looked_at = 0.0

    def _present(self) -> Burdens:
        if time.monotonic() - self._looked_at > LOOKED_AT_EVERY_S:
            now = self._now_ms()
            self._burdens = self._index.burdens(now // DAY_MS, self._allowance_ms, now)
            self._looked_at = time.monotonic()
        return self._burdens

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)
