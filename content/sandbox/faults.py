"""Make a sandboxed child misbehave on demand, for the tests of its parent.

Reached only where the sandbox was opened with `faults=True`.
"""

import ctypes
import os
import signal
import socket
import time

from content.sandbox.wire import READ_REQUEST, Message, send


def misbehave(name: str, sock: socket.socket) -> None:
    """Does what `name` says; returns where the child is to carry on."""
    if name == "crash":
        ctypes.string_at(0)
    elif name == "hang":
        time.sleep(3600)
    elif name == "spin":
        while True:
            pass
    elif name == "memory":
        bytearray(2**40)
    elif name == "descriptor":
        os.dup(0)
    elif name == "process":
        os.fork()
    elif name == "signal":
        os.kill(os.getppid(), signal.SIGTERM)
    elif name.startswith("say:"):
        send(sock, Message.RESULT, name[4:].encode())
    elif name.startswith("read:"):
        send(sock, Message.READ, READ_REQUEST.pack(*map(int, name[5:].split(","))))
    elif name == "flood":
        sock.sendall(b"\x04\xff\xff\xff\xff")
