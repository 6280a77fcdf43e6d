"""Measure the CPU that the sandbox needs for each real file: the bound in `content/limits.py` rests on it."""

import os
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

import data_store  # type: ignore[import-untyped]
import pydicom.data

from benchmarks.tools.measuring import table
from content.limits import DEFAULT_LIMITS
from content.sandbox.parent import Sandbox

_NOT_CONTENT = {".py", ".pyc", ".json", ".jsonl", ".tsv", ".md", ".txt", ".xml", ".hash"}
UNBOUND_S = 600
PER_MILLE = (500, 900, 990, 999)


def run() -> None:
    for decoded, name in ((0, "structure alone"), (10**6, "every frame decoded")):
        limits = replace(DEFAULT_LIMITS, cpu_seconds=UNBOUND_S, decoded_frames=decoded)
        with Sandbox(children=1, limits=limits) as sandbox:
            found = [(_cpu(sandbox, path), path) for path in _files()]
        _show(name, found)


def _show(name: str, found: list[tuple[float, Path]]) -> None:
    pdfs = [cpu for cpu, path in found if path.suffix == ".pdf"]
    others = [cpu for cpu, path in found if path.suffix != ".pdf"]
    rows = [
        _row(kind, cpus)
        for kind, cpus in (("all", [cpu for cpu, _ in found]), ("PDF", pdfs), ("DICOM", others))
        if len(cpus) > 1
    ]
    header = ("", "files", *(f"p{each / 10:g}" for each in PER_MILLE), "most")
    table(f"CPU of a file in the sandbox, ms: {name}", header, rows)


def _row(kind: str, cpus: list[float]) -> tuple[str, ...]:
    at = quantiles(cpus, n=1000, method="inclusive")
    shown = (*(at[each - 1] for each in PER_MILLE), max(cpus))
    return (kind, f"{len(cpus)}", *(f"{1000 * each:.1f}" for each in shown))


def _files() -> list[Path]:
    folders = [Path(str(module.__file__)).parent for module in (pydicom.data, data_store)]
    if corpus := os.environ.get("COFFRE_CORPUS"):
        folders.append(Path(corpus))
    found = (path for folder in folders for path in sorted(folder.rglob("*")))
    return [p for p in found if p.is_file() and p.suffix not in _NOT_CONTENT and p.stat().st_size]


def _cpu(sandbox: Sandbox, path: Path) -> float:
    data = path.read_bytes()
    kind = "pdf" if data[:5] == b"%PDF-" else "dicom"
    return sandbox.inspect(kind, len(data), lambda offset, length: data[offset : offset + length]).cpu  # type: ignore[arg-type]
