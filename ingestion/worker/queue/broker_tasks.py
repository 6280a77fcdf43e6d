"""The queue on a broker: Celery on RabbitMQ or Redis. Tasks carry ids; the lease table is the truth.

A broker is a bell. A message lost costs a sweep, a message delivered twice finds its submission taken or
done, and a worker killed with a task in hand leaves a lease that ends (ADR 7).
"""

import logging
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue
from typing import Any
from uuid import UUID

from celery import Celery, bootsteps
from celery.signals import worker_process_init, worker_process_shutdown
from kombu.connection import Connection

from ingestion.worker.queue.loop import Worker
from keyvault.process.request_id import REQUEST_ID
from records.errors import CoffreError

INGEST, INGEST_ANY = "coffre.ingest", "coffre.ingest_any"
QUEUE = "coffre"
# Redis gives an unacknowledged message again only after this; it must exceed the longest task
VISIBILITY_TIMEOUT_S = 3_600
BROKER_ANSWERS_WITHIN_S = 5.0
LOOK_AGAIN_S = 3
BEAT_S = 5.0
MOST_RINGS = 1_000
"""Rings that wait for a broker that is away; more are dropped."""
log = logging.getLogger("coffre.queue")


def queue(url: str) -> Celery:
    """The queue's client and worker side. Messages hold ids as JSON, nothing else is accepted."""
    app = Celery("coffre", broker=url, set_as_current=False)
    app.amqp.Connection = _Returning
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
        # nobody commands workers through the broker; its queue would also be one per machine, not per worker
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # a broker may be away for hours
        broker_transport_options=_transport_options(url),
        broker_heartbeat=10,
    )
    return app


class _Returning(Connection):
    """Looks every few seconds whether a broker that was away is back; of its own it waits for up to 30."""

    def ensure_connection(self, *args: Any, **options: Any) -> Connection:
        options = {"interval_max": LOOK_AGAIN_S} | options
        return super().ensure_connection(*args, **options)  # type: ignore[no-untyped-call,no-any-return]


def _transport_options(url: str) -> dict[str, Any]:
    if url.startswith("redis"):
        # restore what a dead worker held within seconds, not at the hundredth poll
        return {"visibility_timeout": VISIBILITY_TIMEOUT_S, "unacked_restore_interval": 1}
    return {"confirm_publish": True}


class Bell:
    """Intake's side: ring for a submission. Neither a deposit nor a chore waits for a broker: a thread of its
    own rings, and what it can't ring for, the sweeper rings for again.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._rings: Queue[tuple[str, tuple[str, ...]]] = Queue(MOST_RINGS)
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._starting = threading.Lock()

    def ring(self, submission_id: UUID) -> None:
        self._send(INGEST, str(submission_id), REQUEST_ID.get())

    def ring_any(self, count: int) -> None:
        """Ring for whatever waits, `count` times."""
        for _ in range(count):
            self._send(INGEST_ANY)

    def _send(self, name: str, *args: str) -> None:
        with self._starting:
            if not self._thread.ident:
                self._thread.start()
        with suppress(Full):  # the broker has been away for long
            self._rings.put_nowait((name, args))

    def _run(self) -> None:
        connection: Any = None
        while True:
            name, args = self._rings.get()
            connection = connection or self._app.connection_for_write()
            try:
                self._tell(connection, name, args)
            except Exception as error:
                code = type(error).__name__
                log.warning("the broker can't be reached; the sweeper will ring again", extra={"code": code})
                with suppress(Exception):
                    connection.collect()  # closes without a word, for which it could wait
                connection = None

    def _tell(self, connection: Any, name: str, args: tuple[str, ...]) -> None:
        self._app.send_task(
            name,
            args=args,
            connection=connection,
            retry=False,
            ignore_result=True,
            confirm_timeout=BROKER_ANSWERS_WITHIN_S,
        )


def take_turns(worker: Worker, taken: Callable[[UUID], object] = lambda _: None) -> None:
    """One for the ring, and one for each submission that it put back: nobody rings for these again."""
    for _ in range(worker.ingest_some(taken) or 0):
        worker.ingest_next()


def _beating(app: Celery, beat: Callable[[], None]) -> None:
    """`beat` is called by the loop that hands tasks to children, and while it waits for a broker."""

    class Waiting(_Returning):
        def ensure_connection(self, *args: Any, **options: Any) -> Connection:
            asked = options.get("callback") or (lambda: None)

            def look() -> None:
                beat()
                asked()

            return super().ensure_connection(*args, **{**options, "callback": look})

    class Beating(bootsteps.StartStopStep):  # type: ignore[misc]
        def start(self, consumer: Any) -> None:
            """For each connection: a lost one clears the timer."""
            consumer.timer.call_repeatedly(BEAT_S, beat)

    app.amqp.Connection = Waiting
    app.steps["consumer"].add(Beating)


def serve(
    app: Celery,
    make_worker: Callable[[], Worker],
    end: Callable[[], None],
    concurrency: int,
    beat: Callable[[], None],
) -> None:
    """Run a Celery worker until SIGTERM. `make_worker` is called in each child, after the fork: sandbox and
    database connections belong to the process that uses them. `beat`: the sign of life of the loop that hands
    tasks to them; a child gives its own while it has one in hand.
    """
    made: list[Worker] = []
    _beating(app, beat)

    def attempt(work: Callable[[Worker], object]) -> None:
        """No task fails: what it didn't do is in the lease table, and the sweeper rings for it again."""
        try:
            if not made:
                made.append(make_worker())
            work(made[0])
        except Exception as error:
            code = error.code if isinstance(error, CoffreError) else type(error).__name__
            # no traceback: its frames could name what is being ingested
            log.error("task failed", extra={"code": code})  # noqa: TRY400
        finally:
            for worker in made:
                worker.sign.rest()  # until the next task a child waits for its parent alone

    def begin(**_: Any) -> None:
        attempt(lambda _: None)  # warm for the first task; where an engine is away, a later one makes it

    def finish(**_: Any) -> None:
        end()

    worker_process_init.connect(begin, weak=False)
    worker_process_shutdown.connect(finish, weak=False)

    @app.task(name=INGEST)  # type: ignore[untyped-decorator]
    def ingest(submission_id: str, request_id: str = "") -> None:
        """Something waits, this submission or another; whose turn it is, the index tells."""

        def taken(found: UUID) -> None:
            REQUEST_ID.set(request_id if str(found) == submission_id else "")

        attempt(lambda worker: take_turns(worker, taken))

    @app.task(name=INGEST_ANY)  # type: ignore[untyped-decorator]
    def ingest_any() -> None:
        attempt(take_turns)

    app.worker_main(
        [
            "worker",
            "--loglevel=WARNING",
            f"--concurrency={concurrency}",
            "--pool=prefork",
            "--without-gossip",
            "--without-mingle",
            f"--hostname=coffre-{secrets.token_hex(4)}@%h",  # several on one machine
        ]
    )
