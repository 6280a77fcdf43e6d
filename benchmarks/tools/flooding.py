"""One depositor who sends without a pause, over a bounded number of connections, in a process of its own:
images one by one, studies and reports, each of them new.

What is sent is made from a few bodies by new numbers in them, so that the sender costs little beside a server
on the same machine.
"""

import json
import multiprocessing
import random
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from multiprocessing.sharedctypes import Synchronized
from threading import Thread
from urllib.parse import urlsplit

from coffre.demonstration.files import data as demo_data
from records.people.identity import INS_NIR_TEST
from tests.integration.support import bearer, document_reference, multipart, related

CONNECTIONS = 16
SLICES = 20
SHARES = {"image": 7, "study": 1, "report": 2}
"""Of ten requests."""
_UID = re.compile(rb"2\.25\.\d{30,39}")
_KEPT_DIGITS = 10


@dataclass(frozen=True)
class Sent:
    """A request to be: equal but for its numbers to every other one of its kind."""

    path: str
    headers: dict[str, str]
    template: bytes
    status: int

    def body(self, number: int) -> bytes:
        """With UIDs that no other number has, of the same length; a PDF with a comment of its own."""
        if not self.path.endswith("studies"):
            ending = b64encode(b"\n%% %08d\n" % number).decode()
            return self.template.replace(b"ZW5kaW5n", ending.encode())
        tail = b"%010d" % number
        return _UID.sub(lambda found: found[0][:-_KEPT_DIGITS] + tail, self.template)


def image(ins: str, token: str, *, size: int = 512, seed: int = 1) -> Sent:
    return study(ins, token, slices=1, size=size, seed=seed)


def study(ins: str, token: str, *, slices: int = SLICES, size: int = 256, seed: int = 2) -> Sent:
    files = [each for _, each in demo_data.ct_study(ins, INS_NIR_TEST, slices=slices, size=size, seed=seed)]
    headers = {**bearer(token), "Content-Type": related()}
    return Sent(f"/records/{ins}/dicomweb/studies", headers, multipart(files), 200)


def report(ins: str, token: str) -> Sent:
    content = demo_data.report_pdf()
    content += b" " * (-len(content) % 3)  # what follows begins a group of base64 of its own
    resource = document_reference(ins, content + b"ending")
    headers = {**bearer(token), "Content-Type": "application/fhir+json"}
    return Sent("/fhir/DocumentReference", headers, json.dumps(resource).encode(), 201)


def ask(url: str, sent: Sent, number: int) -> None:
    """Send it and wait for its verdict. Raises where the answer is another one than published."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=120)) as connection:
        connection.request("POST", sent.path, sent.body(number), sent.headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status not in (sent.status, 202):
            raise RuntimeError(f"{answer.status} where {sent.status} was expected: see the server's log")


@contextmanager
def flood(url: str, ins: str, token: str, seed: int) -> Iterator["Synchronized[int]"]:
    """Sends until left; yields how many were answered so far."""
    context = multiprocessing.get_context("spawn")
    answered = context.Value("q", 0)
    process = context.Process(target=_send, args=(url, ins, token, seed, answered), daemon=True)
    process.start()
    try:
        yield answered
    finally:
        process.terminate()
        process.join()


def _send(url: str, ins: str, token: str, seed: int, answered: "Synchronized[int]") -> None:
    kinds = {"image": image(ins, token), "study": study(ins, token), "report": report(ins, token)}
    numbers = count(seed * 10**6)

    def one_after_the_other(connection: int) -> None:
        choice = random.Random(seed * CONNECTIONS + connection)
        while True:
            (kind,) = choice.choices(list(SHARES), list(SHARES.values()))
            try:
                ask(url, kinds[kind], next(numbers))
            except (OSError, RuntimeError):
                time.sleep(0.1)
                continue
            with answered.get_lock():
                answered.value += 1

    threads = [Thread(target=one_after_the_other, args=(each,)) for each in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
