"""The steps of a submission, numbered as docs/vault.md section 2 numbers them.

1. **Open.** The vault leases the submission to this worker, verifies its depositor as of reception, and
   opens its envelope for a key that this try alone has.
2. **Validate.** Every part is judged in the sandbox and finds its record; what was deposited before is
   recognised; what is kept is packed, so that every byte of a pack belongs to one document.
3. **Adopt**, once for each record: the vault decides, and takes over keys and details
   (`ingestion/worker/adoption.py`).
4. **Publish.** One transaction of the index adds all rows and the verdict: the only instant of visibility.
5. **Settle** (`ingestion/worker/settling.py`): no key opens the submission any more, and what was not
   adopted goes.

The vault and the index share no transaction. A worker may die between any two steps, and another one begins
at step 1 again: each step finds what an earlier try did and goes on from there. Before step 3 nothing of a
try is in a record; after it the vault knows a document that the index doesn't show until step 4.
"""

from collections.abc import Callable, Sequence

from content.sandbox.metering import InHand
from ingestion.envelope import NO_ENVELOPE
from ingestion.outcomes import JUDGEMENTS, Judgement, refused
from ingestion.worker.opening import Content, OpenedContent, OpenedSubmission, sealed_blob
from ingestion.worker.queue.heartbeat import Heartbeat
from ingestion.worker.queue.loop import Worker
from ingestion.worker.spending import Spending
from ingestion.worker.steps import Steps
from keyvault.crypto.boxes import new_box_key
from keyvault.verbs.call import Denied
from keyvault.verbs.worker.deposits.ingest_request import open_for_ingest
from keyvault.verbs.worker.deposits.received import ReceivedBlobKey
from records.errors import CoffreError
from records.vocabulary.codes import SubmissionState
from storage.rows.publications import Publication
from storage.rows.submissions import Blob, CpuUse, PartVerdict, Submission

DEPOSIT = "deposit"


class Ingestion:
    """One try at one submission of a depositor."""

    def __init__(
        self,
        worker: Worker,
        submission: Submission,
        *,
        blobs: Sequence[Blob] | None = None,
        beat: Callable[[], None] | None = None,
    ) -> None:
        """`blobs`, `beat`: where several are tried together, its objects, and what is called meanwhile."""
        self._worker = worker
        self.submission = submission
        self.submission_id = submission.submission_id
        self._blobs = worker.index.blobs(self.submission_id) if blobs is None else blobs
        # of this try alone and in memory: what the vault seals to it dies with the process
        self._private, self._public = new_box_key()
        self._spending = Spending(worker, submission)
        # `release_ingest` by the holder of the vault's lease prolongs it, and makes no second event
        self.heartbeat = Heartbeat(worker, self.submission_id, self._spending.count, self._release)
        self._in_hand = InHand(beat or self.heartbeat.beat, self._spending.meter)

    def run(self) -> None:
        """All steps; whatever ends them, what was tried has been spent, too."""
        try:
            opened = self.open()
            if isinstance(opened, Judgement):
                self._reject(opened)
                return
            self.introduce(opened)
            self._ingest(self.steps(opened), self.content(opened))
        finally:
            self.count_spent()

    def introduce(self, opened: OpenedSubmission) -> None:
        """Before any file is examined: from here on its structure pays, and may not be served twice."""
        self._spending.introduce(opened.structure_token)

    def spent(self) -> CpuUse | None:
        """What was spent, to be counted by who publishes it."""
        return self._spending.use()

    def count_spent(self) -> None:
        """Count what was spent, where nothing was published."""
        self._spending.count()

    def _ingest(self, steps: Steps, received: Content) -> None:
        inspected = steps.validate(received)
        parts, duplicates = steps.claim(inspected.parts)
        # not `received`: instances put together from metadata and bulk data lie nowhere as they came
        packed = steps.pack(parts, inspected.content)
        # the vault before the index: what it adopted and no list shows is ended by the next try; rows that it
        # refused afterwards would have been seen (docs/vault.md section 2, step 4)
        parts, adopted = steps.adopt(parts, packed)
        steps.publish(steps.rows(parts, duplicates, adopted), self._spending)

    # Step 1: without it nothing is known but sizes and times, and nobody else can open while it lasts.

    def open(self) -> OpenedSubmission | Judgement:
        """What the vault opens for this try, or what refuses the submission as a whole."""
        try:
            answer = self._release()
        except CoffreError as error:
            if error.code != "day_key_gone":
                raise
            # the key died with its day (docs/vault.md section 5): no later try could open it either
            return JUDGEMENTS["reception_key_gone"]
        if isinstance(answer, Denied):
            return refused(answer.reason)
        return OpenedSubmission.of(open_for_ingest(self._private, answer, self.submission_id))

    def keys(self) -> list[ReceivedBlobKey]:
        """Of what was received: what an earlier try packed it has sealed itself; the vault opens those keys
        at step 3, for itself.
        """
        return [
            ReceivedBlobKey(blob.blob_id, blob.version, blob.sealed_key)
            for blob in self._blobs
            if blob.role == "received" and blob.sealed_key is not None
        ]

    def _release(self) -> bytes | Denied:
        worker, sealed = self._worker, self.submission.sealed_envelope or NO_ENVELOPE
        return worker.vault.release_ingest(
            self.submission_id, worker.name, self._public, sealed, self.keys(), worker.lease_ms
        )

    def steps(self, opened: OpenedSubmission) -> Steps:
        """What follows step 1."""
        return Steps(self._worker, self.submission, opened, self._in_hand, self._worker.vault.adopt)

    def content(self, opened: OpenedSubmission) -> OpenedContent:
        """What was received, to be taken over as it is where one document takes all of it."""
        # there is one: intake seals all parts of a request into a single blob
        received = next(blob for blob in self._blobs if blob.role == "received")
        key = opened.keys[received.blob_id, received.version]
        return OpenedContent(self._worker.objects, sealed_blob(received), key, blob=received)

    def _reject(self, judgement: Judgement) -> None:
        # there is nothing to adopt; step 4 all the same, which alone tells the depositor
        rows = rejection(judgement, self._worker.now_ms())
        self._worker.index.publish(self.submission_id, self._worker.name, rows)


def rejection(judgement: Judgement, now_ms: int) -> Publication:
    """Step 4 where the vault wouldn't open it: one verdict for the whole, of which no part is known."""
    part = PartVerdict(
        number=1, outcome=judgement.outcome.value, code=judgement.code, reason=judgement.reason
    )
    return Publication(state=SubmissionState.REJECTED.value, finished_at=now_ms, parts=(part,))
