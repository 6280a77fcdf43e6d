"""`coffre check`: the command around `coffre.safekeeping.checking`."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from coffre.command_line.exits import Exit
from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.safekeeping.findings import REPAIRED_BY, SENTENCES, Findings

if TYPE_CHECKING:
    from coffre.installation.installation import Installation
    from coffre.safekeeping.checking.check import Check
    from coffre.safekeeping.checking.sides import Told

SHOWN = 20


def check_command(
    data: Data = None,
    scrub: Annotated[bool, typer.Option("--scrub", help="Read every object and compare its CRC.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Sweep what is left over; copy states from the vault.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare objects, index, vault and log. Exit 0 where all is sound, 1 where something was found."""
    with opened_installation(data, judging=True) as installation, _progress() as told:
        check = check_of(installation, scrub=scrub, told=told)
        found = check.run()
        repaired = _repair(installation, check, as_json) if repair and found.repairs else {}
    _show(found, repaired, as_json)
    if not found.sound:
        raise typer.Exit(Exit.REFUSED)


def check_of(
    installation: "Installation", *, scrub: bool, told: "Told" = lambda what, count: None
) -> "Check":
    """A check of all that the settings name."""
    from coffre.safekeeping.checking.check import Check
    from coffre.safekeeping.checking.sides import Sides

    sides = Sides(
        index=installation.index,
        inventory=installation.index.inventory,
        objects=installation.objects,
        vault=installation.guard.inspector,
        now_ms=int(time.time() * 1000),
        scrub=scrub,
        frozen=bool(installation.guard.inspector.status().get("frozen")),
        told=told,
    )
    return Check(sides)


def _repair(installation: "Installation", check: "Check", as_json: bool) -> dict[str, int]:
    """Say what will be done, do it, and look again."""
    from coffre.housekeeper.chores import Chores
    from coffre.safekeeping.checking.documents import copy_states

    wanted = check.sides.found.repairs
    _say([f"Will {REPAIRED_BY[code]}: {count} × {code}" for code, count in wanted.items()], as_json)
    copied = copy_states(check.sides) if "state_differs" in wanted else 0
    if wanted.keys() - {"state_differs"}:
        Chores(installation.index, installation.objects, installation.guard).sweep()
    check.again()
    done = {code: count - check.sides.found.counts.get(code, 0) for code, count in wanted.items()}
    _say([f"Done: {count} × {code}" for code, count in done.items()], as_json)
    if copied:
        _say([f"{copied} states were copied from the vault."], as_json)
    return done


def _say(lines: list[str], as_json: bool) -> None:
    for line in lines:
        print(line, file=sys.stderr if as_json else sys.stdout)


def _show(found: Findings, repaired: dict[str, int], as_json: bool) -> None:
    if as_json:
        print(json.dumps(told_of(found, repaired), ensure_ascii=False))
        return
    for code, count in sorted(found.counts.items()):
        print(f"{count} × {code}: {SENTENCES[code]}")
        places = [finding.where for finding in found.listed if finding.code == code]
        print("\n".join(f"  {place}" for place in places[:SHOWN]))
    seen = ", ".join(f"{count} {what}" for what, count in found.seen.items())
    print(f"{'Sound' if found.sound else 'Not sound'}: {seen}.")


def told_of(found: Findings, repaired: dict[str, int]) -> dict[str, Any]:
    """The findings as `--json` prints them."""
    return {
        "sound": found.sound,
        "counts": dict(found.counts),
        "findings": [
            {"code": each.code, "where": each.where, "sentence": each.sentence} for each in found.listed
        ],
        "seen": dict(found.seen),
        "repaired": repaired,
    }


@contextmanager
def _progress() -> "Iterator[Told]":
    """One line for each kind of thing, on a terminal alone; how many there are is known at the end."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, count: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} {task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def told(what: str, count: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=None)
            progress.advance(tasks[what], count)

        yield told
