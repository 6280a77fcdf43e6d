"""The modules of OHIF's service worker and of the pages around it, with the policy that they run under."""

from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent / "worker"
FOLDER = "worker"
WORKER, START, PAGE = f"{FOLDER}/worker.js", f"{FOLDER}/start.js", f"{FOLDER}/page.js"


class WorkerFiles:
    """All modules, read once. `stores`: origins beside ours that answer ranges of ciphertext."""

    def __init__(self, stores: tuple[str, ...] = ()) -> None:
        self._modules = {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted(HERE.glob("*.js"))}
        # a worker has the policy that its own script came with, whatever the page's is (CSP3 section 7.8)
        sources = " ".join(("'self'", *stores))
        self.policy = f"default-src 'none'; script-src 'self'; connect-src {sources}"

    def module(self, name: str) -> bytes | None:
        return self._modules.get(name)

    def headers(self, name: str, scope: str) -> Mapping[str, str]:
        """Asked for anew each time, so that the browser sees a new version with the next page."""
        headers = {"Content-Security-Policy": self.policy, "Cache-Control": "no-cache"}
        # the script lies deeper than what it answers for (Service Workers, "Service-Worker-Allowed")
        return {**headers, "Service-Worker-Allowed": scope} if name == WORKER else headers
