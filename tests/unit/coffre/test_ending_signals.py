"""A command ends at a signal, whichever of its threads the kernel gives it to."""

import subprocess
import sys

ANOTHER_THREAD_TAKES_IT = """
import signal, threading, time
from coffre.processes.lifetime import UntilSignal

def takes():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

threading.Thread(target=takes, daemon=True).start()
UntilSignal().wait()
"""


def test_a_signal_that_another_thread_is_given_ends_the_wait() -> None:
    ended = subprocess.run([sys.executable, "-c", ANOTHER_THREAD_TAKES_IT], timeout=30, check=False)
    assert ended.returncode == 0
