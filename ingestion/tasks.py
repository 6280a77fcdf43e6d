"""The queue on a broker: Celery on RabbitMQ or Redis. Tasks carry ids; the lease table is the truth.

A broker is a bell. A message lost costs a sweep, a message delivered twice finds its submission taken or
done, and a worker killed with a task in hand leaves a lease that ends (docs/adr/0007).
"""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown
from kombu.exceptions import OperationalError

from ingestion.pipeline import Worker
from keyvault.request_id import REQUEST_ID

INGEST, INGEST_ANY = "coffre.ingest", "coffre.ingest_any"
QUEUE = "coffre"
# Redis gives an unacknowledged message again only after this; it must exceed the longest task
VISIBILITY_TIMEOUT_S = 3_600
log = logging.getLogger("coffre.queue")


def queue(url: str) -> Celery:
    """The queue's client and worker side. Messages hold ids as JSON, nothing else is accepted."""
    app = Celery("coffre", broker=url, set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options=_transport_options(url),
        broker_heartbeat=10,
    )
    return app


def _transport_options(url: str) -> dict[str, Any]:
    if url.startswith("redis"):
        # restore what a dead worker held within seconds, not at the hundredth poll
        return {"visibility_timeout": VISIBILITY_TIMEOUT_S, "unacked_restore_interval": 1}
    return {"confirm_publish": True}


class Bell:
    """Intake's side: ring for a submission. A broker that is down is no failure: the sweeper rings again."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring(self, submission_id: UUID) -> None:
        self._send(INGEST, str(submission_id), REQUEST_ID.get())

    def ring_any(self, count: int) -> None:
        """Ring for whatever waits, `count` times."""
        for _ in range(count):
            self._send(INGEST_ANY)

    def _send(self, name: str, *args: str) -> None:
        try:
            self._app.send_task(name, args=args, retry=False, ignore_result=True)
        except (OperationalError, OSError):
            log.warning("the broker can't be reached; the sweeper will ring again")


def serve(app: Celery, make_worker: Callable[[], Worker], end: Callable[[], None], concurrency: int) -> None:
    """Run a Celery worker until SIGTERM. `make_worker` is called in each child, after the fork: sandbox and
    database connections belong to the process that uses them."""
    mine: dict[str, Worker] = {}

    def begin(**_: Any) -> None:
        mine["worker"] = make_worker()

    def finish(**_: Any) -> None:
        end()

    worker_process_init.connect(begin, weak=False)
    worker_process_shutdown.connect(finish, weak=False)

    @app.task(name=INGEST)  # type: ignore[untyped-decorator]
    def ingest(submission_id: str, request_id: str = "") -> None:
        REQUEST_ID.set(request_id)
        mine["worker"].ingest(UUID(submission_id))

    @app.task(name=INGEST_ANY)  # type: ignore[untyped-decorator]
    def ingest_any() -> None:
        mine["worker"].ingest_next()

    app.worker_main(
        [
            "worker",
            "--loglevel=WARNING",
            f"--concurrency={concurrency}",
            "--pool=prefork",
            "--without-gossip",
            "--without-mingle",
        ]
    )
