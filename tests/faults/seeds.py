"""Random moments that can be had again: COFFRE_TEST_SEED gives the seed that a failed test printed."""

import os
import random
import secrets
from collections.abc import Sequence


def seeded() -> random.Random:
    """A generator whose seed is printed."""
    seed = int(os.environ.get("COFFRE_TEST_SEED") or secrets.randbelow(2**32))
    print(f"seed {seed}: COFFRE_TEST_SEED={seed} repeats it")
    return random.Random(seed)


def shuffled(names: Sequence[str], chance: random.Random) -> list[str]:
    return chance.sample(names, len(names))
