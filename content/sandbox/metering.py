"""CPU that examining a submission's files costs, counted by the threads that do so."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


class Meter:
    """Seconds of CPU, added up until they are taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        with self._lock:
            self._seconds += seconds

    @property
    def seconds(self) -> float:
        return self._seconds

    def take(self) -> int:
        """Whole milliseconds since they were taken last; the rest stays for the next time."""
        with self._lock:
            milliseconds = int(self._seconds * 1000)
            self._seconds -= milliseconds / 1000
            return milliseconds


@dataclass(frozen=True, slots=True, eq=False)
class InHand:
    """A submission that is being examined: what says that it still is, and what that costs."""

    heartbeat: Callable[[], None]
    meter: Meter = field(default_factory=Meter)
