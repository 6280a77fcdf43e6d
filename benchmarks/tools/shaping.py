"""A line of so many bits a second and so many milliseconds, before a server:
`python -m benchmarks.tools.shaping PORT SERVER_PORT MEGABITS ROUND_TRIP_MS`.

All connections share the line, as those of one household do. What a kernel on loopback does not do is done
here: a connection waits a round trip for its handshake, bytes wait for those before them and half a
round trip. Losses, slow start and what TLS adds are not there; they would slow down whoever asks more often.
"""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.service import listens, process, wait_until

PIECE = 16_384  # bytes that queue at once: a large answer leaves room for others between its pieces
IN_FLIGHT = 64  # pieces of a connection: what fills 50 Mb/s for 170 ms


class Line:
    """One direction."""

    def __init__(self, bytes_per_s: float, delay_s: float) -> None:
        self._bytes_per_s, self._delay_s = bytes_per_s, delay_s
        self._free_at = 0.0

    def arrival(self, size: int) -> float:
        """When `size` bytes that are sent now are there, by the loop's clock."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(now, self._free_at) + size / self._bytes_per_s
        return self._free_at + self._delay_s


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: Line) -> None:
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)

    async def send() -> None:
        while piece := await reader.read(PIECE):
            await under_way.put((line.arrival(len(piece)), piece))
        await under_way.put((line.arrival(0), b""))

    sending = asyncio.create_task(send())
    try:
        while True:
            due, piece = await under_way.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        writer.write_eof()
    finally:
        sending.cancel()


async def serve(port: int, server: int, megabits: float, round_trip_ms: float) -> None:
    up, down = (Line(megabits * 125_000, round_trip_ms / 2000) for _ in range(2))

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(round_trip_ms / 1000)
        there = None
        with contextlib.suppress(OSError):
            from_server, there = await asyncio.open_connection("127.0.0.1", server)
            await asyncio.gather(_carry(reader, there, up), _carry(from_server, writer, down))
        for end in (writer, there):
            if end is not None:
                end.close()

    async with await asyncio.start_server(connected, "127.0.0.1", port) as listening:
        await listening.serve_forever()


@contextmanager
def shaped(folder: Path, port: int, server: int, megabits: float, round_trip_ms: float) -> Iterator[None]:
    """The line in a process of its own, while the block lasts."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.tools.shaping",
        *map(str, (port, server, megabits, round_trip_ms)),
    ]
    log = folder / f"line-{port}.log"
    with process(command, log) as child:
        wait_until(lambda: listens(port), child, log)
        yield


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
