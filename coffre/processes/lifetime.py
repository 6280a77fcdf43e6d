"""A command runs until a signal, a supervised part until its supervisor says so or is gone."""

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from coffre.processes import service_manager
from coffre.processes.measured import Slot, own_memory_kib
from records.errors import CoffreError, Invalid

END, MEASURE = b"e", b"m"
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # linux/prctl.h
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def ending_signals() -> list[signal.Signals]:
    """Those that end a command in order; not SIGHUP where nohup(1) has it ignored."""
    return [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


class Lifetime(Protocol):
    """What a process asks of whoever started it."""

    def ready(self, what: str) -> None:
        """Say that it accepts work."""

    def wait(self) -> None:
        """Return when it is to end."""

    def when_told(self, callback: Callable[[], None]) -> None:
        """Call back when it is to end, from wherever that is heard."""


def say_ready(what: str, banner: str = "") -> None:
    """The line that programs wait for, what people read after it, and what systemd waits for."""
    print(f"ready {what}", flush=True)
    service_manager.tell(service_manager.READY)
    if banner:
        print(banner, flush=True)


LOOKS_EVERY_S = 1.0


class UntilSignal:
    """Of a command: ready on a line of standard output, ended by SIGTERM, SIGINT or SIGHUP."""

    def __init__(self, banner: str = "") -> None:
        """`banner`: what people read after the line that programs wait for."""
        self._banner = banner
        self._told = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def ready(self, what: str) -> None:
        self._listen()  # first: whoever reads the line may send a signal at once
        say_ready(what, self._banner)

    def wait(self) -> None:
        """Looks every second: the kernel may give a signal to another thread, which wakes nobody here."""
        self._listen()
        while not self._told.wait(LOOKS_EVERY_S):
            pass

    def when_told(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        self._listen()
        if self._told.is_set():
            callback()

    def _listen(self) -> None:
        if threading.current_thread() is threading.main_thread():  # signal.signal works there alone
            for number in ending_signals():
                signal.signal(number, self._end)

    def _end(self, *_: object) -> None:
        self._told.set()
        for callback in list(self._callbacks):
            callback()


class UntilTold:
    """Of a supervised part. Signals of a terminal or of a whole group are not for it: they would end the
    vault before those who still need it.
    """

    def __init__(self, name: str, orders: int, reports: int, supervisor: int, slot: Slot) -> None:
        """`orders`: where MEASURE and END come, or the end of the pipe once nobody holds it. `reports`: where
        `ready` and what went wrong are said. `supervisor`: its process id. `slot`: for what is measured.
        """
        self._orders, self._reports, self._slot = orders, reports, slot
        self._told = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        for number in _SIGNALS:
            signal.signal(number, lambda *_: None)  # a handler, which exec resets; ignoring is inherited
        show_name(name)
        _die_with(supervisor)
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def ready(self, what: str) -> None:
        self._report({"ready": what})

    def failed(self, error: CoffreError) -> None:
        """Why it could not start."""
        refusal = {"code": error.code, "sentence": error.sentence, "invalid": isinstance(error, Invalid)}
        self._report(refusal)

    def wait(self) -> None:
        self._told.wait()

    def when_told(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)
        if self._told.is_set():
            callback()

    def _report(self, said: dict[str, object]) -> None:
        os.write(self._reports, json.dumps(said).encode() + b"\n")

    def _listen(self) -> None:
        while (order := os.read(self._orders, 1)) == MEASURE:
            self._slot.write(own_memory_kib())
        if order != END:  # without a supervisor nobody restarts the others: the next start repairs
            os._exit(1)
        self._told.set()
        for callback in list(self._callbacks):
            callback()


def show_name(name: str) -> None:
    """Have ps(1) show `name`, 15 characters of it: prctl(2)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def _die_with(supervisor: int) -> None:
    """Have the kernel end this process with its parent: prctl(2)."""
    if sys.platform != "linux":
        return  # the pipe of orders alone tells
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor:  # it was gone before the kernel knew
        os._exit(1)
