"""A server in a network namespace of its own, for one that can't be told to listen on the loopback alone.

Nothing outside reaches its ports. Two doors lead through, as Unix sockets in a directory: `in.sock` to a port
of the server, and `out.sock`, to which one port of the namespace's own loopback is relayed.
`python -m tests.services.namespace DIR IN_PORT OUT_PORT COMMAND…` is the inside.
"""

import asyncio
import fcntl
import os
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.services.service import HOST

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def inside(directory: Path, in_port: int, out_port: int, *command: str | Path) -> list[str]:
    """The command line that runs `command` in a new namespace, with both doors."""
    unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    relay = [sys.executable, "-m", "tests.services.namespace", str(directory), str(in_port), str(out_port)]
    return [*unshare, *relay, *map(str, command)]


@contextmanager
def door(path: Path, port: int) -> Iterator[None]:
    """Relays a Unix socket to a port of our loopback: the outer side of `out.sock`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    relay = _relay(lambda: asyncio.open_connection(HOST, port))
    asyncio.run_coroutine_threadsafe(asyncio.start_unix_server(relay, path), loop).result(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def _relay(connect: Callable[[], Awaitable[Streams]]) -> Callable[..., Awaitable[None]]:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await connect()
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
            far_writer.close()
        writer.close()

    return accept


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


async def _serve(directory: Path, in_port: int, out_port: int, command: list[str]) -> int:
    _raise_loopback()
    outwards = _relay(lambda: asyncio.open_unix_connection(directory / "out.sock"))
    inwards = _relay(lambda: asyncio.open_connection(HOST, in_port))
    await asyncio.start_server(outwards, HOST, out_port)
    await asyncio.start_unix_server(inwards, directory / "in.sock")
    server = await asyncio.create_subprocess_exec("setpriv", "--pdeathsig", "KILL", *command)
    return await server.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))
