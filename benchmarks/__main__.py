"""`make bench`: ratios against references measured in the same run. Nothing here gates anything."""

import sys

from benchmarks import database, objects, roots, seal, stow

BENCHMARKS = {
    "database": database.run,
    "objects": objects.run,
    "roots": roots.run,
    "seal": seal.run,
    "stow": stow.run,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[name]()
