"""Findings as metrics, in a file that node_exporter's textfile collector reads."""

from collections.abc import Collection
from pathlib import Path

from coffre.doctor.findings import CHECKS, Finding, not_looked_at

NAME = "coffre_doctor_finding"


def written(found: Collection[Finding], path: Path) -> None:
    """1 for each check that found something, 0 for those that found nothing, none for those that could not be
    made; replaced in one step: none is half read. Raises OSError.
    """
    unmade = not_looked_at(found)
    wrong = {each.check for each in found}
    lines = [f"# HELP {NAME} Whether coffre doctor found something wrong", f"# TYPE {NAME} gauge"]
    lines += [f'{NAME}{{check="{check}"}} {int(check in wrong)}' for check in CHECKS if check not in unmade]
    part = path.with_suffix(".part")
    part.write_text("\n".join([*lines, ""]))
    part.replace(path)
