"""Send the candidates in several requests at once; each file has its verdict, whatever befalls the others."""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from client.send.contents import FileTrouble, digest
from client.send.deposits import SendClient, verdict_on
from client.send.journal import Journal
from client.send.plan import Candidate, Kind, batches
from client.send.verdicts import TROUBLES, FileVerdict, Outcome
from records.errors import CoffreError

LARGE_PDF = 4 << 20
"""Bytes above which PDFs, which are held in memory with their envelope, go one at a time."""
_ENDING = frozenset(
    {"token_invalid", "token_expired", "token_missing", "possession_required", "http_401", "unreachable"}
)
"""Codes after which no other request can succeed."""
_DIVISIBLE = frozenset({"too_large", "blob_too_large", "too_many_parts", "envelope_too_large", "http_413"})
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: `moved` is called with bytes that left (negative for an attempt that is repeated),
    `judged` with verdicts as they come. Both from several threads, one at a time."""

    moved: Callable[[int], None] = lambda _: None
    judged: Callable[[Sequence[FileVerdict]], None] = lambda _: None


class Delivery:
    """One run of the sender with a client per thread."""

    def __init__(
        self,
        clients: Sequence[SendClient],
        journal: Journal,
        *,
        type_code: str,
        title: str | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._clients = clients
        self._journal = journal
        self._type_code = type_code
        self._title = title
        self._watch = watch or Watch()
        self._verdicts: dict[Candidate, FileVerdict] = {}
        self._waiting: queue.SimpleQueue[list[Candidate]] = queue.SimpleQueue()
        self._lock, self._large = threading.Lock(), threading.Lock()
        self._stop = threading.Event()
        self._ended: CoffreError | None = None
        self.interrupted = False
        self.unkept = False

    def run(self, found: Sequence[Candidate]) -> list[FileVerdict]:
        """Deposits study by study, then the PDFs; returns a verdict each, in the order given.

        A request that fails makes verdicts like any other; what follows is still sent unless nothing can
        succeed. Ctrl-C ends it: files without a verdict are `interrupted`.
        """
        self._judge({one: planned(one) for one in found if one.trouble})
        reports = [[one] for one in found if one.kind is Kind.PDF]
        for batch in [*batches(found), *reports]:
            self._waiting.put(batch)
        # daemons: a request that waits for its answer does not keep an interrupted command from ending
        workers = [
            threading.Thread(target=self._work, args=(client,), daemon=True) for client in self._clients
        ]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                while worker.is_alive():
                    worker.join(_LOOK_S)
        except KeyboardInterrupt:
            self._stop.set()
            self.interrupted = True
        with self._lock:
            return [self._verdicts.get(one) or _troubled(one, "interrupted") for one in found]

    def _work(self, client: SendClient) -> None:
        while not self._stop.is_set():
            try:
                batch = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self._settle(client, batch)
            except _Stopped:
                return
            except Exception:  # whatever it is, the other requests go on and these files have a verdict
                self._judge({one: _troubled(one, "internal") for one in batch if one not in self._verdicts})

    def _settle(self, client: SendClient, batch: Sequence[Candidate]) -> None:
        """Sends a batch, less what is known or unreadable, in halves where it is too much for one request."""
        unsent = [list(batch)] if self._journal.empty else [self._unknown(client, batch)]
        while unsent:
            part = unsent.pop()
            if not part:
                continue
            try:
                self._check_going_on()
                self._deposit(client, part)
            except FileTrouble as error:
                self._judge({error.candidate: _troubled(error.candidate, error.code)})
                unsent.append(self._readable(one for one in part if one != error.candidate))
            except CoffreError as error:
                if error.code in _DIVISIBLE and len(part) > 1:
                    middle = len(part) // 2
                    unsent += [part[middle:], part[:middle]]
                else:
                    self._refuse(client, part, error)

    def _check_going_on(self) -> None:
        self._check_stopped()
        if self._ended is not None:
            raise self._ended

    def _refuse(self, client: SendClient, part: Sequence[Candidate], error: CoffreError) -> None:
        if error.code in _ENDING and (error.code != "unreachable" or not client.alive()):
            self._ended = error
        self._judge({one: verdict_on(one, Outcome.FAILED, error.code, error.sentence) for one in part})

    def _deposit(self, client: SendClient, part: Sequence[Candidate]) -> None:
        if part[0].kind is Kind.PDF:
            verdicts = [self._deposit_pdf(client, part[0])]
        else:
            moved = _Moved(self._moved, sum(one.size for one in part))
            try:
                verdicts = client.send_dicom(part, moved, self._keep)
            finally:
                moved.take_back()
        self._judge(dict(zip(part, verdicts, strict=True)))

    def _deposit_pdf(self, client: SendClient, report: Candidate) -> FileVerdict:
        if report.size <= LARGE_PDF:
            return client.send_pdf(report, type_code=self._type_code, title=self._title, taken=self._keep)
        with self._large:
            return client.send_pdf(report, type_code=self._type_code, title=self._title, taken=self._keep)

    def _unknown(self, client: SendClient, batch: Sequence[Candidate]) -> list[Candidate]:
        """What of a batch has no final verdict yet; verdicts that were due are asked for."""
        unknown, pending = [], {}
        for one in batch:
            self._check_stopped()
            known = self._known(one)
            if known is None:
                if one not in self._verdicts:
                    unknown.append(one)
            elif known.outcome is Outcome.PENDING:
                pending[one] = known
            else:
                self._judge({one: known})
        return unknown + self._still_unknown(client, pending)

    def _known(self, one: Candidate) -> FileVerdict | None:
        try:
            return self._journal.verdict(verdict_on(one, Outcome.PENDING), digest(one).hex())
        except FileTrouble as error:
            self._judge({one: _troubled(one, error.code)})
            return None

    def _still_unknown(self, client: SendClient, pending: dict[Candidate, FileVerdict]) -> list[Candidate]:
        unknown: list[Candidate] = []
        ordered = sorted(pending.items(), key=lambda item: item[1].submission)
        for _, group in groupby(ordered, key=lambda item: item[1].submission):
            due = dict(group)
            try:
                self._judge(dict(zip(due, client.ask([*due.values()]), strict=True)))
            except (
                CoffreError
            ):  # the server knows nothing of it any more: sent anew, it is a duplicate at worst
                unknown += due
        return unknown

    def _readable(self, part: Iterable[Candidate]) -> list[Candidate]:
        """Reads all of them, so that one request is repeated once for whatever cannot be read."""
        readable = []
        for one in part:
            self._check_stopped()
            try:
                digest(one)
            except FileTrouble as error:
                self._judge({one: _troubled(one, error.code)})
            else:
                readable.append(one)
        return readable

    def _check_stopped(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _keep(self, verdicts: Iterable[FileVerdict]) -> None:
        with self._lock:
            try:
                self._journal.note(verdicts)
            except OSError:  # the files are sent all the same; only going on later is lost
                self.unkept = True

    def _judge(self, verdicts: dict[Candidate, FileVerdict]) -> None:
        self._keep(verdicts.values())
        with self._lock:
            self._verdicts.update(verdicts)
            self._watch.judged([*verdicts.values()])
            self._watch.moved(sum(one.size for one in verdicts if not one.trouble))

    def _moved(self, count: int) -> None:
        with self._lock:
            self._watch.moved(count)
        if count > 0:
            self._check_stopped()  # ends the request of an interrupted run


class _Moved:
    """Counts the bytes of one request, framing not counted; an attempt that starts anew takes them back."""

    def __init__(self, moved: Callable[[int], None], size: int) -> None:
        self._moved, self._size, self._at = moved, size, 0

    def __call__(self, sent: int) -> None:
        at = min(sent, self._size)
        moved, self._at = at - self._at, at
        self._moved(moved)

    def take_back(self) -> None:
        """Its files are counted when they are judged."""
        self(0)


class _Stopped(Exception):  # noqa: N818 - no error
    """The run was interrupted."""


def planned(candidate: Candidate) -> FileVerdict:
    """What would become of a candidate: sent, or its trouble."""
    return (
        _troubled(candidate, candidate.trouble)
        if candidate.trouble
        else verdict_on(candidate, Outcome.PLANNED)
    )


def _troubled(candidate: Candidate, code: str) -> FileVerdict:
    outcome, sentence = TROUBLES[code]
    return verdict_on(candidate, outcome, code, sentence)
