"""TCP connections that can be cut or stalled: one wire between two servers, all of them in one thread."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from tests.services.service import HOST

BLOCK = 65_536
Pair = tuple[str, str]
"""Who connects, and to whom."""


@dataclass
class Wire:
    """Connections to `port` go on to `target`; used by the loop of its `Wires` alone."""

    target: int
    port: int = 0
    severed: bool = False
    flows: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def listen(self) -> asyncio.Server:
        self.flows.set()
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def cut(self) -> None:
        """Every connection is reset, new ones at once."""
        self.severed = True
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Nothing passes, and nobody is told."""
        self.flows.clear()

    def mend(self) -> None:
        """As at first; what was stalled arrives late."""
        self.severed = False
        self.flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self.flows.wait()
            if not self.severed:
                await self._join(reader, writer)
        except OSError:
            pass  # the other side refuses or is gone: so is this connection
        finally:
            writer.transport.abort()
            self._writers.discard(writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
        self._writers.add(far_writer)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, far_writer))
                both.create_task(self._pump(far_reader, writer))
        except* OSError:
            pass
        finally:
            far_writer.transport.abort()
            self._writers.discard(far_writer)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(BLOCK):
            await self.flows.wait()
            sink.write(data)
            await sink.drain()
        await self.flows.wait()
        if sink.can_write_eof() and not sink.transport.is_closing():
            sink.write_eof()


class Wires:
    """All wires by who connects and to whom; `cut`, `stall` and `mend` take effect before they return."""

    def __init__(self) -> None:
        self.wires: dict[Pair, Wire] = {}
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wires", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def between(self, who: str, whom: str, target: int) -> int:
        """A new wire; the port where `who` is to connect."""
        asyncio.run_coroutine_threadsafe(self._add((who, whom), target), self._loop).result()
        return self.wires[who, whom].port

    def cut(self, pair: Pair) -> None:
        self._do(self.wires[pair].cut)

    def stall(self, pair: Pair) -> None:
        self._do(self.wires[pair].stall)

    def mend(self, pair: Pair) -> None:
        self._do(self.wires[pair].mend)

    def _do(self, what: Callable[[], None]) -> None:
        async def done() -> None:
            what()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    async def _add(self, pair: Pair, target: int) -> None:
        wire = Wire(target)
        self._servers.append(await wire.listen())
        self.wires[pair] = wire

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for wire in self.wires.values():
            wire.mend()
            wire.cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
