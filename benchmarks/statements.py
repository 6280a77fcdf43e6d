"""Statements, transactions and fsyncs of each operation, by the process that makes them; and its CPU.

`coffre serve` as it is, whose processes count for themselves (`benchmarks.tools.counted_server`); fsyncs are
counted by strace(1), where there is one and it may look. What the housekeeper does unasked is taken off by
the second. The same operations are then done on a server that counts nothing, for their CPU.
"""

import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.tools.counted_server import COUNT, MOST
from benchmarks.tools.measuring import cpu_of_children, table
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.server import DemoServer
from coffre.installation.install import initialise
from coffre.settings import load
from tests.integration.support import Coffre, Grant, Patient

TIMES = 20
SLICES = 20
COMPANY = 8
QUIET_S = 1.5
"""What an operation leaves behind, such as settling, was done by then."""
KINDS = ("statements", "reading", "writing")
LEAST = 0.05
"""Of an operation: what is done for fewer than one in twenty is no part of it."""
FSYNC = re.compile(r"^(\d+) .*\b(?:fsync|fdatasync)\(", re.MULTILINE)

Asked = Callable[["Stage", int], None]


@dataclass
class Stage:
    """A running server, a person with documents, and a new person whenever one is wanted."""

    coffre: Coffre
    person: Patient
    depositor: str
    grant: Grant | None = None
    numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    def of(cls, server: DemoServer, data: Path) -> "Stage":
        coffre = Coffre(data, server)
        stage = cls(coffre, coffre.open_record(), coffre.depositor())
        _study(stage, SLICES)
        _report(stage, 0)
        return stage

    def asks(self, path: str) -> None:
        answer = self.person.call("GET", path)
        assert answer.status_code == 200, answer.text


def _report(stage: Stage, _: int) -> None:
    content = demo_data.report_pdf() + b"\n%% %d\n" % next(stage.numbers)
    assert stage.coffre.publish_pdf(stage.depositor, stage.person.ins, content).status_code == 201


def _study(stage: Stage, slices: int) -> None:
    files = stage.person.ct(slices, seed=next(stage.numbers) + 1)
    answer = stage.coffre.stow(stage.depositor, files, stage.person.ins)
    assert answer.status_code == 200, answer.text


def _granted(stage: Stage, _: int) -> None:
    stage.grant = stage.coffre.grant(stage.person.token, stage.person.ins)
    assert stage.grant.answer.status_code == 201, stage.grant.answer.text


def _ranged(stage: Stage, _: int) -> None:
    assert stage.grant is not None
    url = next(iter(stage.grant.answer.json()["urls"].values()))
    assert stage.coffre.http.get(url, headers={"Range": "bytes=0-63"}).status_code == 206


def _in_company(stage: Stage, _: int) -> None:
    with ThreadPoolExecutor(COMPANY) as pool:
        list(pool.map(lambda number: _report(stage, number), range(COMPANY)))


IN_COMPANY = f"deposit of a report, {COMPANY} at once"
OPERATIONS: dict[str, Asked] = {
    "list, first page": lambda stage, _: stage.asks("/documents?limit=100"),
    "QIDO studies, limit 100": lambda stage, _: stage.asks("/dicomweb/studies?limit=100"),
    "grant of a record": _granted,
    "range of a grant": _ranged,
    "deposit of a report": _report,
    IN_COMPANY: _in_company,
    "deposit of one image": lambda stage, _: _study(stage, 1),
    f"deposit of a study, {SLICES} images": lambda stage, _: _study(stage, SLICES),
}


TOGETHER = {IN_COMPANY: COMPANY}
"""Operations that a call makes; one, of others."""
GOALS = {IN_COMPANY: "<= 40 statements, <= 5 writing"}


@dataclass(frozen=True)
class Counted:
    """Of one operation: how often each process did what, `web index writing`, or the vault for one of its
    verbs, `reader.list vault writing`; and its fsyncs by process, None where nobody counted them.
    """

    done: dict[str, float]
    fsyncs: dict[str, float] | None

    def of(self, kind: str, who: str = "") -> float:
        """Statements, or transactions `reading` or `writing`: of all together, of a process, or of a verb."""
        split = ((name.split(), number) for name, number in self.done.items())
        return sum(number for (by, _, what), number in split if what == kind and who in ("", by, process(by)))

    def processes(self) -> dict[str, list[str]]:
        """Those that did anything worth a line, and of the vault the verbs that did."""
        found: dict[str, list[str]] = {}
        for who in dict.fromkeys(name.split()[0] for name in sorted(self.done)):
            if self.of("statements", who) >= LEAST:
                found.setdefault(process(who), []).extend([who] if "." in who else [])
        return found


def process(who: str) -> str:
    """Where it was counted: a verb stands behind its door, as in reader.list."""
    return "vault" if "." in who else who


def run() -> None:
    counted, cpu = counts(), cpu_ms()
    header = ("operation", "process, or verb of the vault", *KINDS, "fsyncs", "CPU ms", "goal")
    rows = [row for name, one in counted.items() for row in _rows(name, one, cpu[name])]
    table(f"Statements and transactions of an operation, mean of {TIMES}", header, rows)


def _rows(name: str, one: Counted, cpu: float) -> Iterator[tuple[str, ...]]:
    fsyncs = one.fsyncs or {}
    total = f"{sum(fsyncs.values()):.1f}" if one.fsyncs is not None else "?"
    yield (
        name,
        "together",
        *(f"{one.of(kind):.1f}" for kind in KINDS),
        total,
        f"{cpu:.1f}",
        GOALS.get(name, ""),
    )
    for who, verbs in one.processes().items():
        yield (
            "",
            who,
            *(f"{one.of(kind, who):.1f}" for kind in KINDS),
            f"{fsyncs.get(who, 0.0):.1f}",
            "",
            "",
        )
        for verb in verbs:
            yield ("", f"  {verb}", *(f"{one.of(kind, verb):.1f}" for kind in KINDS), "", "", "")


def counts(names: tuple[str, ...] = tuple(OPERATIONS)) -> dict[str, Counted]:
    """Of each operation, on a server whose processes count."""
    with tempfile.TemporaryDirectory() as made:
        data, folder = Path(made) / "data", Path(made) / "counts"
        folder.mkdir()
        initialise(load(data=data))
        with DemoServer(data, command=("benchmarks.tools.counted_server", str(folder))) as server:
            stage = Stage.of(server, data)
            _granted(stage, 0)
            time.sleep(QUIET_S)
            idle = _done(folder, lambda: time.sleep(4 * QUIET_S), 4 * QUIET_S)
            return {name: _counted(folder, stage, name, idle) for name in names}


def _counted(folder: Path, stage: Stage, name: str, idle: Counter[str]) -> Counted:
    """`idle`: what is done a second when nobody asks."""
    asked, times = OPERATIONS[name], TIMES * TOGETHER.get(name, 1)

    def all_times() -> None:
        for number in range(TIMES):
            asked(stage, number)
        time.sleep(QUIET_S)

    began = time.perf_counter()
    with _fsyncs(_roles(folder)) as fsyncs:
        found = _done(folder, all_times, times)
    seconds = time.perf_counter() - began
    done = {each: found[each] - idle[each] * seconds / times for each in found}
    synced = {role: number / times for role, number in fsyncs.items()}
    return Counted(
        {each: max(0.0, number) for each, number in done.items()}, synced if shutil.which("strace") else None
    )


def _done(folder: Path, work: Callable[[], None], divided_by: float) -> Counter[str]:
    before = _read(folder)
    work()
    after = _read(folder)
    return Counter({name: (after[name] - before[name]) / divided_by for name in after})


def _read(folder: Path) -> Counter[str]:
    """Everything counted until now, summed over processes of one name."""
    found: Counter[str] = Counter()
    for path, role in _roles(folder).items():
        data = (folder / path).read_bytes()
        for name, number in COUNT.iter_unpack(data[: COUNT.size * MOST]):
            if number:
                verb, database, kind = name.rstrip(b"\0").decode().split()
                found[f"{role if verb == '-' else verb} {database} {kind}"] += number
    return found


def _roles(folder: Path) -> dict[str, str]:
    """What each living process is, by its number: coffre-web-0 is web."""
    found = {}
    for path in folder.iterdir():
        name = Path(f"/proc/{path.name}/comm").read_text().strip().removeprefix("coffre-")
        name = name.rstrip("-0123456789")
        found[path.name] = "housekeeper" if name == "housekee" else name  # 15 bytes, prctl(2)
    return found


@contextmanager
def _fsyncs(roles: dict[str, str]) -> Iterator[Counter[str]]:
    """Counts, once left, calls of fsync and fdatasync of these processes and their threads, by role."""
    found: Counter[str] = Counter()
    if shutil.which("strace") is None:
        yield found
        return
    threads = {path.name: role for pid, role in roles.items() for path in Path(f"/proc/{pid}/task").iterdir()}
    with tempfile.NamedTemporaryFile() as out:
        command = ["strace", "-f", "-q", "-e", "trace=fsync,fdatasync", "-o", out.name]
        command += [word for pid in roles for word in ("-p", pid)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
            time.sleep(0.5)  # until it is attached to all
            try:
                yield found
            finally:
                for pid, role in roles.items():
                    threads |= {path.name: role for path in Path(f"/proc/{pid}/task").iterdir()}
                tracer.send_signal(signal.SIGINT)
                tracer.wait()
        found.update(
            threads.get(thread, "a thread that ended") for thread in FSYNC.findall(Path(out.name).read_text())
        )


def cpu_ms(names: tuple[str, ...] = tuple(OPERATIONS)) -> dict[str, float]:
    """CPU of all processes together for each operation, on a server that counts nothing."""
    with tempfile.TemporaryDirectory() as made:
        data = Path(made) / "data"
        initialise(load(data=data))
        with DemoServer(data) as server:
            stage = Stage.of(server, data)
            _granted(stage, 0)
            return {name: _cpu(stage, name) for name in names}


def _cpu(stage: Stage, name: str) -> float:
    asked = OPERATIONS[name]
    spent = sum(cpu_of_children().values())
    for number in range(TIMES):
        asked(stage, number)
    return 1000 * (sum(cpu_of_children().values()) - spent) / (TIMES * TOGETHER.get(name, 1))
