"""A gateway for SMS on the loopback that speaks GSMA OneAPI over TLS, and shows what would ring."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote

from tests.services.service import certificate

SENDER, TOKEN = "+33700000000", "a token of tests"


@dataclass
class Gateway:
    """`status`: what it answers to a message of whoever shows the token."""

    port: int
    authority: Path
    token_file: Path
    status: int = 201
    received: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        options = f"sender=%2B{SENDER[1:]}&token_file={self.token_file}&authority={self.authority}"
        return f"https://127.0.0.1:{self.port}/smsmessaging/v1?{options}"

    def wait_for(self, number: str, count: int = 1, within_s: float = 30) -> list[str]:
        limit = time.monotonic() + within_s
        while len(found := [text for to, text in list(self.received) if to == number]) < count:
            assert time.monotonic() < limit, f"{len(found)} of {count} messages came"
            time.sleep(0.05)
        return found

    def take(self, path: str, shown: str | None, body: bytes) -> int:
        if shown != f"Bearer {TOKEN}":
            return 401
        asked = json.loads(body)["outboundSMSMessageRequest"]
        if unquote(path) != f"/smsmessaging/v1/outbound/{asked['senderAddress']}/requests":
            return 404
        if self.status == 201:
            number, text = asked["address"].removeprefix("tel:"), asked["outboundSMSTextMessage"]["message"]
            self.received.append((number, text))
        return self.status


@contextmanager
def sms_gateway(folder: Path) -> Iterator[Gateway]:
    folder.mkdir(parents=True)
    shown, key = certificate(folder)
    token_file = folder / "token"
    token_file.touch(0o600)
    token_file.write_text(f"{TOKEN}\n")

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(gateway.take(self.path, self.headers["Authorization"], body))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing beside the output of the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(shown, key)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    gateway = Gateway(server.server_port, shown, token_file)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
