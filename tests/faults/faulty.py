"""Stores and a vault that fail on demand, at the n-th call of one verb."""

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from records.errors import CoffreError


class Died(BaseException):
    """Stands for the end of the process: nothing between here and the top may tidy up after it."""


class How(StrEnum):
    FAILS = "fails"
    FAILS_BUT_DONE = "fails, but it was done"
    DIES = "dies before"
    DIES_AFTER = "dies after"
    EXITS = "exits after"


@dataclass
class Fault:
    """Strikes once: at call `nth` of `verb`, written `index.publish`, `objects.commit`, `vault.adopt`…"""

    verb: str
    nth: int
    how: How
    struck: bool = False

    def __post_init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def around(self, verb: str, call: Callable[[], Any]) -> Any:
        with self._lock:
            self._calls[verb] += 1
            hit = verb == self.verb and self._calls[verb] == self.nth
            self.struck = self.struck or hit
        if not hit:
            return call()
        if self.how is How.FAILS:
            raise CoffreError("The store is away.", code="store_failing")
        if self.how is How.DIES:
            raise Died
        answer = call()
        if self.how is How.FAILS_BUT_DONE:
            raise CoffreError("The answer was lost.", code="store_failing")
        if self.how is How.EXITS:
            os._exit(9)
        assert self.how is How.DIES_AFTER, answer
        raise Died


class Faulty:
    """Passes every call on to `target`, by way of the fault."""

    def __init__(self, name: str, target: Any, fault: Fault) -> None:
        self._name, self._target, self._fault = name, target, fault

    def __getattr__(self, verb: str) -> Any:
        call = getattr(self._target, verb)

        def tried(*args: Any, **kwargs: Any) -> Any:
            answer = self._fault.around(f"{self._name}.{verb}", lambda: call(*args, **kwargs))
            return Writer(self._name, answer, self._fault) if verb == "writer" else answer

        return tried


class Writer(Faulty):
    """An object being written. A process that died tidies nothing up, so `abort` isn't called for it."""

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not Died:
            self._target.abort()
