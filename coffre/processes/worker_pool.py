"""The embedded queue: a few threads that work through the index's lease table, woken by a bell."""

import threading
from collections.abc import Sequence

from coffre.processes.bells import Bells
from ingestion.worker.queue.loop import Worker

LOOK_AGAIN_S = 1.0  # for what other processes left, and for what was postponed


class WorkerPool:
    """One thread per worker. The truth is in the index; a lost ring costs a second."""

    def __init__(self, workers: Sequence[Worker], stopping: threading.Event, bells: Bells) -> None:
        """`stopping` is what the workers look at, too."""
        self.workers = workers
        self._bells = bells
        self._stopping = stopping
        self._threads = [
            threading.Thread(target=self._run, args=(worker,), name=f"worker-{n}", daemon=True)
            for n, worker in enumerate(workers)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every worker finish its step and give back what it holds."""
        self._stopping.set()
        for _ in self._threads:
            self._bells.ring()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _run(self, worker: Worker) -> None:
        while not self._stopping.is_set():
            try:
                worked = worker.ingest_next()
            except Exception:
                worked = False
            if not worked:
                self._bells.wait(LOOK_AGAIN_S)
        worker.settle_ended(all_of_them=True)
