"""`python -m tests.fuzz TARGET [--seconds N] [--corpus FOLDER]`: libFuzzer over one target for a time.

A crash leaves its input in the working directory; put it into tests/fuzz/cases/TARGET, where it stays a test.
"""

import argparse
import logging
import sys
import tempfile
import warnings
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["content", "ingestion"]):
    from tests.fuzz.seeds import LARGEST, SEEDS
    from tests.fuzz.targets import TARGETS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--corpus", type=Path, help="kept and continued; default: a new one from the seeds")
    given = parser.parse_args()
    logging.lastResort = None  # parsers log what they meet
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        corpus = given.corpus or Path(folder)
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(SEEDS[given.target]()):
            (corpus / f"seed-{number:04}").write_bytes(seed)
        limits = [
            f"-max_total_time={given.seconds}",
            f"-max_len={2 * LARGEST}",
            "-timeout=60",
            "-rss_limit_mb=2048",
        ]
        atheris.Setup([sys.argv[0], str(corpus), *limits], TARGETS[given.target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
