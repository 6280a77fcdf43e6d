"""Findings as metrics, in a file that node_exporter's textfile collector reads."""

from collections.abc import Iterable
from pathlib import Path

from coffre.doctor.findings import CHECKS, Finding

NAME = "coffre_doctor_finding"


def written(found: Iterable[Finding], path: Path) -> None:
    """1 for each check that found something, 0 for the others; replaced in one step: none is half read."""
    wrong = {each.check for each in found}
    lines = [f"# HELP {NAME} Whether coffre doctor found something wrong", f"# TYPE {NAME} gauge"]
    lines += [f'{NAME}{{check="{check}"}} {int(check in wrong)}' for check in CHECKS]
    part = path.with_suffix(".part")
    part.write_text("\n".join([*lines, ""]))
    part.replace(path)
