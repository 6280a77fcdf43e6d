"""What a service worker holds in memory, as its browser's debugger says (Chrome DevTools Protocol)."""

import json
from typing import Any

from playwright.sync_api import Browser, Page


class WorkersMemory:
    """Of the one service worker that is there."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._page = page
        self._session = browser.new_browser_cdp_session()
        self._answers: dict[int, Any] = {}
        self._session.on("Target.receivedMessageFromTarget", self._received)
        targets = self._session.send("Target.getTargets")["targetInfos"]
        (target,) = [each["targetId"] for each in targets if each["type"] == "service_worker"]
        attached = self._session.send("Target.attachToTarget", {"targetId": target, "flatten": False})
        self._attached = attached["sessionId"]

    def held(self) -> int:
        """Bytes that are left once what nobody needs is collected: objects, and the bytes of buffers."""
        self._ask("HeapProfiler.enable")
        self._ask("HeapProfiler.collectGarbage")
        usage = self._ask("Runtime.getHeapUsage")
        return int(usage["usedSize"] + usage.get("backingStorageSize", 0))

    def _received(self, event: dict[str, Any]) -> None:
        answer = json.loads(event["message"])
        if "id" in answer:
            self._answers[answer["id"]] = answer

    def _ask(self, method: str) -> Any:
        number = len(self._answers) + 1
        message = json.dumps({"id": number, "method": method})
        self._session.send("Target.sendMessageToTarget", {"sessionId": self._attached, "message": message})
        while number not in self._answers:
            self._page.wait_for_timeout(20)
        return self._answers[number].get("result")
