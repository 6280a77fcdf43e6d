"""Confined children kept warm: taken for a job, given back after it, replaced when they worked enough."""

import logging
import threading
from collections.abc import Callable, Hashable

from content.sandbox.confinement import WHOLE, Confinement, named
from content.sandbox.job import Child
from content.sandbox.zygote import Zygote, ZygoteLost
from records.errors import CoffreError

log = logging.getLogger("coffre.sandbox")


class SandboxUnavailable(CoffreError):  # noqa: N818
    """No child can be started, or the sandbox is closed. Nothing is known about the file: try again later."""

    code = "sandbox_unavailable"


class ChildPool:
    """Children of one zygote, which `start` starts when one is wanted. Safe to use from several threads.

    A child is replaced after `recycle_after` files or `recycle_seconds` of CPU, whatever comes first. The
    reason is containment: a file that takes a child over sees no more than the files that this child is
    handed afterwards. Where the kernel doesn't grant what is `demanded`, there is no child.
    """

    def __init__(
        self,
        start: Callable[[], Zygote],
        recycle_after: int,
        recycle_seconds: float,
        demanded: Confinement = WHOLE,
    ) -> None:
        self._start, self._demanded = start, demanded
        self._recycle_after, self._recycle_seconds = recycle_after, recycle_seconds
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._zygote: Zygote | None = None
        self._closed = False
        self._told = False

    @property
    def most_files(self) -> int:
        """So many files one child may see."""
        return self._recycle_after

    def take(self, *, fresh: bool = False, files: int = 1, owner: Hashable = None) -> Child:
        """A child for one job of so many files; `fresh`: one that has seen none. It has seen none but those
        of this `owner`, and sees no other's later.

        Raises `SandboxUnavailable`.
        """
        with self._lock:
            if self._closed:
                raise SandboxUnavailable("The sandbox is closed. Start the worker again.")
            waiting = None if fresh else self._waiting(owner, files)
            if waiting is not None:
                return waiting
            try:
                child = Child(self._running())
            except ZygoteLost:
                child = self._replace()
            child.owner = owner
            return child

    def _waiting(self, owner: Hashable, files: int) -> Child | None:
        """The owner's latest child, where one waits. Where others' do, the one that has waited longest ends:
        as many children are there as worked at once.
        """
        for child in [each for each in reversed(self._idle) if each.owner == owner]:
            self._idle.remove(child)
            if child.files + files <= self._recycle_after:
                return child
            child.end()
        if self._idle:
            self._idle.pop(0).end()
        return None

    def give_back(self, child: Child, *, spent: bool = False, files: int = 1) -> None:
        """Keeps the child for another job, unless it is `spent` or has worked enough."""
        child.files += files
        spent = spent or child.files >= self._recycle_after or child.worked >= self._recycle_seconds
        with self._lock:
            if not spent and not self._closed:
                self._idle.append(child)
                return
        child.end()

    def close(self) -> None:
        """Ends every child and the zygote; leaves no process behind. Jobs still running are lost."""
        with self._lock:
            self._closed = True
            zygote, self._zygote = self._zygote, None
            idle, self._idle = self._idle, []
        for child in idle:
            child.sock.close()
        if zygote is not None:
            zygote.close()

    def _running(self) -> Zygote:
        if self._zygote is None:
            self._zygote = self._start()
            self._judge(self._zygote)
        return self._zygote

    def _judge(self, zygote: Zygote) -> None:
        missing = WHOLE & ~zygote.confinement()
        if missing and not self._told:
            self._told = True
            log.warning("this kernel confines the sandbox in part only", extra={"missing": named(missing)})
        if missing & self._demanded:
            self._zygote = None
            zygote.close()
            raise SandboxUnavailable(
                f"No child reads a file: {named(missing)} is not granted by this kernel or what limits this "
                "process. Let it make user and network namespaces."
            )

    def _replace(self) -> Child:
        """A dead zygote took its children with it: forget them and start anew, once."""
        for child in self._idle:
            child.sock.close()
        self._idle = []
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None
        try:
            return Child(self._running())
        except (ZygoteLost, OSError) as error:
            raise SandboxUnavailable("The sandbox cannot be started. See to memory and processes.") from error
