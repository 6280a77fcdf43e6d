"""A worker process that ends right after a step: `python -m tests.faults.worker_child DATA VERB`."""

import sys
from pathlib import Path

from tests.faults.faulty import Fault, How
from tests.faults.pipeline import Pipeline

if __name__ == "__main__":
    Pipeline(Path(sys.argv[1])).worker("child", Fault(sys.argv[2], 1, How.EXITS)).ingest_next()
