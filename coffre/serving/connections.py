"""End silent connections, and limit how many are open at once, in all and from one address.

Time-outs count silence, not duration: an upload of hours goes on as long as bytes come at a pace that any
line has; a byte now and then is silence. A head has a time limit as a whole, since no sender needs long for
it.
"""

import asyncio
import resource
from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from coffre.serving.heads import BoundedHeads
from coffre.serving.shared_counts import Connections, ConnectionsHere
from coffre.trusted_proxies import TrustedProxies, subscriber

MOST_OF_ONE_ADDRESS = 256
_DESCRIPTORS_OF_A_CONNECTION = 2  # its own, and a file that it reads or writes


def most_at_once() -> int:
    """What the limit on open files leaves room for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if soft == resource.RLIM_INFINITY else min(4096, soft // _DESCRIPTORS_OF_A_CONNECTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. `head`: from its start to its end. `silence`: until `pace_bytes` more of a body came, or its
    end, or until more of an answer is taken.

    `unread`: how much of a body is thrown away after an answer, so that a sender who doesn't listen yet
    hears it, and for how long.
    """

    head: float = 20.0
    silence: float = 60.0
    pace_bytes: int = 16 << 10
    idle: int = 5
    unread_bytes: int = 16 << 20
    unread: float = 10.0


@dataclass(slots=True)
class Open:
    """The connections of one server. Of one address as many as `here` lets see, wherever they were accepted.

    Trusted proxies, which bound theirs, count in all alone.
    """

    proxies: TrustedProxies
    here: ConnectionsHere = field(default_factory=lambda: Connections().of_process(0))
    most: int = field(default_factory=most_at_once)
    most_of_one: int = MOST_OF_ONE_ADDRESS
    patience: Patience = field(default_factory=Patience)

    def enter(self, peer: str) -> bytes | None:
        """Count a connection; the status that ends it where it is one too many."""
        of_this_address = self.here.enter(subscriber(peer))
        if self.here.total > self.most:
            return b"503 Service Unavailable"
        if peer not in self.proxies and of_this_address > min(self.most_of_one, self.most // 2):
            return b"429 Too Many Requests"
        return None

    def leave(self, peer: str) -> None:
        self.here.leave(subscriber(peer))


class HeldConnection(BoundedHeads):
    """HTTP/1.1 over one connection of `Open`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        among: Open,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._among = among
        self._peer: str | None = None
        self._timer: TimerHandle | None = None
        self._taking: TimerHandle | None = None
        self._in_head = self._in_body = False
        self._unread = self._came = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        if (status := self._among.enter(self._peer)) is not None:
            self._end(status)
            return
        self._wait(self._among.patience.head, lambda: self._end(b"408 Request Timeout"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        self._stop_taking()
        if self._peer is not None:
            self._among.leave(self._peer)
            self._peer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._is_answered_early():
            self._unread += len(data)
            if self._unread > self._among.patience.unread_bytes:
                self.transport.close()
                return
        elif not self._in_body and not self._in_head and self._timer is None:
            # the first bytes after an answer begin a head, though no line of it is whole
            self._in_head = True
            self._wait(self._among.patience.head, lambda: self._end(b"408 Request Timeout"))
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._in_head, self._in_body = False, True
        self._await_body()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._came += len(body)
        if not self._is_answered_early() and self._came >= self._among.patience.pace_bytes:
            self._await_body()
        super().on_body(body)

    def on_message_complete(self) -> None:
        was_answered = self._is_answered_early()
        self._in_body, self._unread = False, 0
        self._stop()
        super().on_message_complete()
        if was_answered:  # the rest of the body is in: the connection serves the next request
            idle = self._among.patience.idle
            self.timeout_keep_alive_task = self.loop.call_later(idle, self.timeout_keep_alive_handler)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_answered_early() and not self.transport.is_closing():
            # RFC 9112 section 9.6: who still sends hears the answer before the connection ends
            self._unset_keepalive_if_required()
            self._wait(self._among.patience.unread, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking = self.loop.call_later(self._among.patience.silence, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_taking()
        super().resume_writing()

    def _is_answered_early(self) -> bool:
        return self._in_body and self.cycle is not None and self.cycle.response_complete

    def _await_body(self) -> None:
        self._came = 0
        self._wait(self._among.patience.silence, self._silent)

    def _silent(self) -> None:
        """No body came, or too little. Where we don't read, or haven't asked, it is ours to go on."""
        if self.flow.read_paused or self.cycle.waiting_for_100_continue:
            self._await_body()
        elif self.cycle.response_started:
            self.transport.abort()
        else:
            self._end(b"408 Request Timeout")

    def _end(self, status: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()

    def _wait(self, seconds: float, then: Callable[[], object]) -> None:
        self._stop()
        self._timer = self.loop.call_later(seconds, then)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None
