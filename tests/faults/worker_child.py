"""A worker process that ends right after a step: `python -m tests.faults.worker_child DATA VERB`; with
`together` behind it, one that takes what waits of one depositor at once.
"""

import sys
from pathlib import Path

from ingestion.worker.sharing import SharedIngestion
from storage.rows.submissions import Sharing
from tests.faults.faulty import Fault, How
from tests.faults.pipeline import Pipeline

WORKER_CHILD = "tests.faults.worker_child"

if __name__ == "__main__":
    shared = {"sharing": Sharing(most=8, largest=2**20), "together": SharedIngestion}
    more = shared if sys.argv[3:] == ["together"] else {}
    worker = Pipeline(Path(sys.argv[1])).worker("child", Fault(sys.argv[2], 1, How.EXITS), **more)
    worker.ingest_next()
    worker.settle_ended(all_of_them=True)
