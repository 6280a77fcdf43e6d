"""The modules of OHIF's service worker and of the pages around it, with the policy that they run under."""

from collections.abc import Mapping
from pathlib import Path

from viewer_api.opener.routes import headers_of

HERE = Path(__file__).parent / "worker"
FOLDER = "worker"
WORKER, START, PAGE = f"{FOLDER}/worker.js", f"{FOLDER}/start.js", f"{FOLDER}/page.js"
WHOSE = f"{FOLDER}/whose.js"
"""Says above OHIF whose record is open."""


class WorkerFiles:
    """All modules, read once. `objects_url`: where browsers reach the store, None where that is here."""

    def __init__(self, objects_url: str | None = None) -> None:
        self._modules = {f"{FOLDER}/{path.name}": path.read_bytes() for path in sorted(HERE.glob("*.js"))}
        # asked for anew each time, so that the browser sees a new version with the next page
        self._headers = {**headers_of(objects_url), "Cache-Control": "no-cache"}

    def module(self, name: str) -> bytes | None:
        return self._modules.get(name)

    def headers(self, name: str, scope: str) -> Mapping[str, str]:
        # the script lies deeper than what it answers for (Service Workers, "Service-Worker-Allowed")
        return {**self._headers, "Service-Worker-Allowed": scope} if name == WORKER else self._headers
