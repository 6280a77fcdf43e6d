"""Measure in rounds that take turns, so that a noisy neighbour disturbs all contestants alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """CPU and wall seconds of one contestant: medians over the rounds."""

    cpu: float
    wall: float


def compete(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Measured]:
    """Run every contestant once per round, in turns, after one round that doesn't count."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, work in contestants.items():
            cpu, wall = time.process_time(), time.perf_counter()
            work()
            if number:
                times[name].append((time.process_time() - cpu, time.perf_counter() - wall))
    return {
        name: Measured(statistics.median(c for c, _ in found), statistics.median(w for _, w in found))
        for name, found in times.items()
    }


def table(title: str, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    print(f"\n{title}")
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    for row in (header, *rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
