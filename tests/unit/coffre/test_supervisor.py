"""A supervisor goes on where the system refuses it a process for a moment."""

import subprocess
import sys
from pathlib import Path

REFUSED_ONCE = """
import errno, os, signal, sys, time
from coffre.processes.parts import Process
from coffre.processes.supervisor import Supervisor

fork, calls = os.fork, []

def refused_once():
    calls.append(1)
    if len(calls) == 2:
        raise OSError(errno.EAGAIN, "no process now")
    return fork()

def part(lifetime):
    with open(sys.argv[1], "a") as starts:
        starts.write("started\\n")
    lifetime.ready("part")
    if os.path.getsize(sys.argv[1]) == len("started\\n"):
        time.sleep(0.2)
        os._exit(1)
    os.kill(os.getppid(), signal.SIGTERM)
    lifetime.wait()

os.fork = refused_once
Supervisor([[Process("part", part)]]).run(lambda: print("ready", flush=True))
print(len(calls))
"""


def test_a_process_that_the_system_refuses_is_started_later(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    done = subprocess.run(
        [sys.executable, "-c", REFUSED_ONCE, starts], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["ready", "3"]), done.stderr
    assert starts.read_text().split() == ["started", "started"]
