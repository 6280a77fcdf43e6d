"""What the answers of a load may be while something is wrong: refusals with a code, counted."""

import threading
from collections import Counter
from dataclasses import dataclass, field

import httpx

UNAVAILABLE = frozenset(
    {
        "reception_closed",
        "sandbox_unavailable",
        "store_busy",
        "store_down",
        "store_failing",
        "store_unsure",
        "vault_unavailable",
    }
)
"""What a dependency that is away may be called."""
GATEWAY = frozenset({502, 504})
"""nginx's own word for a process that is away."""


@dataclass
class Answers:
    """Counts every refusal of a load; each must have a stable code, and say when to try again."""

    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def excuses(self, answer: httpx.Response) -> bool:
        code = _code(answer)
        with self._lock:
            self.counts[f"{answer.status_code} {code}"] += 1
        if answer.status_code in GATEWAY:
            return code == "nginx"
        return answer.status_code == 503 and code in UNAVAILABLE and "retry-after" in answer.headers


def _code(answer: httpx.Response) -> str:
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "application/problem+json":
        return str(answer.json()["code"])
    if kind == "application/fhir+json":
        return str(answer.json()["issue"][0]["details"]["coding"][0]["code"])
    return "nginx" if answer.headers.get("server", "").startswith("nginx") else "none"
