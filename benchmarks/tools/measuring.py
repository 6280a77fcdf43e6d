"""Measure in rounds that take turns, so that a noisy neighbour disturbs all contestants alike."""

import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


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


def cpu_of_children() -> dict[int, float]:
    """CPU seconds by living child of this process, each with its descendants, ended ones too."""
    parents, spent, _ = _processes()
    found: dict[int, float] = {}
    for pid, seconds in spent.items():
        child = pid
        while parents.get(child, 0) not in (0, os.getpid()):
            child = parents[child]
        if parents.get(child) == os.getpid():
            found[child] = found.get(child, 0.0) + seconds
    return found


def cpu_below(ancestor: int) -> float:
    """CPU seconds of a process with its descendants, ended ones too, whoever started it."""
    return sum(cpu_by_process(ancestor).values())


def cpu_by_process(ancestor: int) -> dict[str, float]:
    """The same by the name of the process; processes of one name count together, `-0` and `-1` left out."""
    parents, spent, names = _processes()
    found: dict[str, float] = {}
    for pid, seconds in spent.items():
        above = pid
        while above not in (0, ancestor):
            above = parents.get(above, 0)
        if above == ancestor:
            name = names[pid].rstrip("-0123456789")
            found[name] = found.get(name, 0.0) + seconds
    return found


def more(now: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What each process spent since."""
    return {name: seconds - before.get(name, 0.0) for name, seconds in now.items()}


def profile(spent: Sequence[Mapping[str, float]], each: int) -> str:
    """Milliseconds of CPU by process for one of `each`, medians over the rounds; the dearest first."""
    names = {name for one in spent for name in one}
    found = {name: 1000 * statistics.median(one.get(name, 0.0) for one in spent) / each for name in names}
    dear = sorted(found.items(), key=lambda one: -one[1])
    return ", ".join(f"{name.removeprefix('coffre-')} {ms:.1f}" for name, ms in dear if ms >= 0.05)


def _processes() -> tuple[dict[int, int], dict[int, float], dict[int, str]]:
    """Of each process its parent, its CPU seconds with those of its ended children, and its name."""
    parents, spent, names = {}, {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            told, _, rest = path.read_text().rpartition(")")
        except OSError:
            continue  # ended meanwhile
        fields, pid = rest.split(), int(path.parent.name)
        parents[pid], spent[pid] = int(fields[1]), sum(map(int, fields[11:15])) / TICK
        names[pid] = told.partition("(")[2]
    return parents, spent, names


def cpu_of_tree() -> float:
    """CPU seconds of everything that this process started."""
    return sum(cpu_of_children().values()) + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n{title}")
    widths = [max(len(row[at]) for row in (header, *rows)) for at in range(len(header))]
    for row in (header, *rows):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
