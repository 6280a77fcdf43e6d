"""`make bench`: ratios against references measured in the same run. Nothing here gates anything."""

import argparse

from benchmarks import (
    canonical_json,
    database,
    fairness,
    fetching,
    files,
    memory,
    objects,
    opened,
    renditions,
    reports,
    seal,
    served,
    signing_in,
    statements,
    stow,
    study,
    system,
    validation,
)
from benchmarks.race import deposits, reading, viewing
from benchmarks.vault import choices, credentials, lists, roots, summaries
from benchmarks.vault import releases as vault

BENCHMARKS = {
    "canonical-json": canonical_json.run,
    "choices": choices.run,
    "credentials": credentials.run,
    "database": database.run,
    "fairness": fairness.run,
    "fetching": fetching.run,
    "files": files.run,
    "lists": lists.run,
    "summaries": summaries.run,
    "memory": memory.run,
    "objects": objects.run,
    "opened": opened.run,
    "race": deposits.run,
    "reading-race": reading.run,
    "renditions": renditions.run,
    "reports": reports.run,
    "roots": roots.run,
    "seal": seal.run,
    "served": served.run,
    "signing-in": signing_in.run,
    "statements": statements.run,
    "stow": stow.run,
    "study": study.run,
    "system": system.run,
    "validation": validation.run,
    "vault": vault.run,
    "viewing-race": viewing.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all if none")
    parser.add_argument("--rows", type=int, default=1_000_000, help="instances that database goes up to")
    parser.add_argument("--records", type=int, default=100_000, help="records whose keys roots rotates")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each lap of race and reading-race")
    parser.add_argument(
        "--documents", type=int, default=10_000, help="of the record that reading-race searches"
    )
    parser.add_argument("--minutes", type=float, default=3, help="how long fairness takes")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}")
    more = {
        "database": (asked.rows,),
        "roots": (asked.records,),
        "fairness": (asked.minutes,),
        "race": (asked.rounds,),
        "viewing-race": (asked.rounds,),
        "reading-race": (asked.rounds, asked.documents),
    }
    for name in asked.names or BENCHMARKS:
        BENCHMARKS[name](*more.get(name, ()))


if __name__ == "__main__":
    main()
