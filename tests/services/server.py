"""A server under test: started, killed, stopped, continued, and started again exactly as it was."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

READY_WITHIN_S = 90
GONE_WITHIN_S = 20


@dataclass
class Server:
    """One server and whatever it starts. At every start `ready` is asked until it says so and `prepared` is
    called, at its end `tidied`.

    It is started by the main thread: util-linux's setpriv ends it with the thread that started it.
    """

    name: str
    command: Sequence[str | Path]
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    prepared: Callable[[], None] = lambda: None
    tidied: Callable[[], None] = lambda: None
    grace_s: float = 10
    ending: signal.Signals = signal.SIGTERM
    children_follow: bool = False
    """Its children end by themselves when it is killed, and want to be left to do so."""
    output: Path | None = None
    _process: "subprocess.Popen[bytes] | None" = None
    _told: bool = False

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns once it is ready. RuntimeError with the end of its log."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Started, and perhaps not ready yet: several get ready at once."""
        self._told = False
        with self.log.open("ab") as log, (self.output or self.log).open("wb" if self.output else "ab") as out:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", self.ending.name[3:], *map(str, self.command)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=dict(self.environment),
                cwd="/",
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        limit = time.monotonic() + READY_WITHIN_S
        while not self.ready():
            if not self.runs or time.monotonic() > limit:
                raise RuntimeError(f"{self.name} did not start:\n{self._last_words()}")
            time.sleep(0.05)
        self.prepared()

    def restart(self) -> None:
        """Started again; where what a killed one held is not free yet, tried until it is."""
        limit = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                self.start()
            except RuntimeError:
                if self.runs or time.monotonic() > limit:
                    raise
                time.sleep(0.5)
            else:
                return

    def kill(self) -> None:
        """SIGKILL, to its children as well unless they follow; returns when nothing of it runs."""
        below = descendants(self.pid)
        self._signal(signal.SIGKILL, below if not self.children_follow else set())
        assert self._process is not None
        self._process.wait()
        left = survivors(below, GONE_WITHIN_S)
        assert not left, f"of {self.name} there is still {left}"

    def stop(self) -> None:
        """SIGSTOP to it and all below it: it holds what it holds and answers nothing."""
        self._signal(signal.SIGSTOP, descendants(self.pid))

    def go_on(self) -> None:
        """SIGCONT after `stop`."""
        self._signal(signal.SIGCONT, descendants(self.pid))

    def end(self) -> None:
        """Asked to end, killed after its grace; nothing of it runs afterwards."""
        if self.runs:
            self._end()
        self.tidied()

    def tell_to_end(self) -> None:
        """Once: a second signal would mean more haste."""
        self.go_on()
        if not self._told:
            os.kill(self.pid, self.ending)
        self._told = True

    def _end(self) -> None:
        assert self._process is not None
        below = descendants(self.pid)
        self.tell_to_end()
        try:
            self._process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL, below)
            self._process.wait()

    def _signal(self, number: signal.Signals, below: "set[Running]") -> None:
        os.kill(self.pid, number)  # first: it starts no more children then
        for pid, _ in below | (descendants(self.pid) if number is signal.SIGSTOP else set()):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


Running = tuple[int, str]
"""A process id with its start time, so that a reused number is not taken for it."""


@contextmanager
def all_running(servers: Collection[Server]) -> Iterator[None]:
    """Started at once, and told at once to end."""
    with ExitStack() as stack:
        for server in servers:
            server.launch()
            stack.callback(server.end)
        for server in servers:
            server.wait_until_ready()
        yield
        for server in servers:
            if server.runs:
                server.tell_to_end()


def descendants(pid: int) -> set[Running]:
    """The processes below `pid`."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        if found := _stat(int(stat.parent.name)):
            children.setdefault(int(found[1]), []).append(int(stat.parent.name))
    below, waiting = set(), [pid]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            found = _stat(child)
            if found:
                below.add((child, found[19]))
                waiting.append(child)
    return below


def survivors(processes: set[Running], seconds: float) -> set[int]:
    """Those that still run after `seconds`; a zombie has ended."""
    deadline = time.monotonic() + seconds
    while True:
        living = {pid for pid, started in processes if _lives(pid, started)}
        if not living or time.monotonic() > deadline:
            return living
        time.sleep(0.05)


def _lives(pid: int, started: str) -> bool:
    found = _stat(pid)
    return found is not None and found[19] == started and found[0] not in "ZX"


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third, the state, on."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
