"""Debian's Firefox without a window, driven by its own protocol: Playwright drives only builds of its own.

Messages are `length:[type, number, …]` in JSON over TCP (Mozilla's source docs, Marionette protocol 3).
"""

import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.services.processes import debian, free_port
from tests.services.service import listens, process, wait_until

COMMAND, ANSWER = 0, 1
PATIENCE_S = 300.0
IN_THE_PAGE = """
const [source, told] = arguments, script = document.createElement("script");
script.type = "module";
const done = (found) => `document.documentElement.setAttribute("data-answer", JSON.stringify(${found}))`;
script.textContent = `try { const value = await (${source})(${told}); ${done("{value}")}; }
    catch (error) { ${done('{error: String(error), code: error.code}')}; }`;
document.documentElement.removeAttribute("data-answer");
document.head.append(script);
"""
"""A module of the page's own, whose imports a sandbox of the driver does not have."""


class FirefoxPage:
    """One window; the methods that Playwright's pages have, as far as these tests need them."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._number = 0
        self._read()  # what it is
        self._ask("WebDriver:NewSession", {})
        self._ask("WebDriver:SetTimeouts", {"script": int(PATIENCE_S * 1000)})

    def on(self, event: str, told: Callable[[Any], None]) -> None:
        """Nothing is told of requests."""

    def goto(self, url: str, **_: object) -> None:
        self._ask("WebDriver:Navigate", {"url": url})

    def evaluate(self, function: str, argument: object = None) -> Any:
        """A function that returns at once, in a sandbox of the driver."""
        return self._script(f"return ({function})(arguments[0]);", argument)

    def evaluate_in_page(self, function: str, argument: object) -> Any:
        """An asynchronous function, in the page itself, whose policy has to let it in."""
        self._script(IN_THE_PAGE, function, json.dumps(argument))
        until = time.monotonic() + PATIENCE_S
        read = "return document.documentElement.getAttribute('data-answer');"
        while (found := self._script(read)) is None:
            assert time.monotonic() < until
            time.sleep(0.05)
        answer = json.loads(found)
        assert "error" not in answer, answer
        return answer.get("value")

    def wait_for_timeout(self, milliseconds: float) -> None:
        time.sleep(milliseconds / 1000)

    def close(self) -> None:
        self._socket.close()

    def _script(self, script: str, *arguments: object) -> Any:
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})["value"]

    def _ask(self, name: str, told: dict[str, Any]) -> Any:
        self._number += 1
        content = json.dumps([COMMAND, self._number, name, told]).encode()
        self._socket.sendall(b"%d:%b" % (len(content), content))
        kind, number, error, found = self._read()
        assert (kind, number) == (ANSWER, self._number)
        if error is not None:
            raise RuntimeError(f"{name}: {error}")
        return found

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._some(1)
        content = b""
        while len(content) < int(length[:-1]):
            content += self._some(int(length[:-1]) - len(content))
        return json.loads(content)

    def _some(self, most: int) -> bytes:
        found = self._socket.recv(most)
        if not found:
            raise RuntimeError("Firefox has ended.")
        return found


@contextmanager
def firefox() -> Iterator[FirefoxPage]:
    program, port = debian("firefox-esr", "firefox-esr"), free_port()
    with tempfile.TemporaryDirectory(prefix="coffre-firefox-") as made:
        profile = Path(made) / "profile"
        profile.mkdir()
        (profile / "user.js").write_text(
            f'user_pref("marionette.port", {port});\nuser_pref("intl.accept_languages", "fr-FR");\n'
        )
        log = Path(made) / "log"
        command = [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
        with process(command, log) as child:
            wait_until(lambda: listens(port), child, log)
            page = FirefoxPage(port)
            try:
                yield page
            finally:
                page.close()
