"""Fails where the coverage of a room that decides, seals or remembers falls under its floor."""

import json
import sys
from collections import defaultdict
from pathlib import Path

FLOORS = {"records": 95.0, "keyvault": 95.0, "audit": 95.0}  # per cent of lines and branches


def main(report: str) -> int:
    files = json.loads(Path(report).read_text())["files"]
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path, entry in files.items():
        summary, room = entry["summary"], Path(path).parts[0]
        found[room][0] += summary["covered_lines"] + summary.get("covered_branches", 0)
        found[room][1] += summary["num_statements"] + summary.get("num_branches", 0)
    worst = 0
    for room, (covered, total) in sorted(found.items()):
        share = 100 * covered / total if total else 0.0
        floor = FLOORS.get(room)
        low = floor is not None and share < floor
        print(
            f"{room:12} {share:5.1f} %"
            + (f"  (floor {floor} %)" if floor else "")
            + ("  TOO LOW" if low else "")
        )
        worst |= low
    missing = [room for room in FLOORS if room not in found]
    if missing:
        print(f"not measured: {', '.join(missing)}")
    return int(worst or bool(missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
