"""Real files made by others: those of the installed packages, and the corpus where it exists.

`python -m tests.unit.content.real_files` writes the golden list of verdicts anew.
"""

import csv
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import data_store  # type: ignore[import-untyped]
import pydicom.data

from content.byte_source import BytesSource
from content.dicom.instance import inspect_dicom
from content.pdf.report import inspect_pdf

GOLDEN = Path(__file__).with_name("verdicts_golden.tsv")
INSPECTORS = {"dicom": inspect_dicom, "pdf": inspect_pdf}
CORPUS = Path(os.environ.get("COFFRE_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))


@dataclass(frozen=True)
class RealFile:
    """`expected` is accept, reject or either; empty where nobody judged the file."""

    name: str
    path: Path
    kind: str
    expected: str
    why: str

    def __str__(self) -> str:
        return self.name


def corpus() -> list[RealFile]:
    """The judged files; none where the corpus is not there."""
    manifest = CORPUS / "manifest.tsv"
    if not manifest.exists():
        return []
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        RealFile(row["path"], CORPUS / row["path"], kind, row["expected"], row["why"])
        for row in rows
        for kind in (("dicom", "pdf") if row["kind"] == "other" else (row["kind"],))
    ]


def packaged() -> list[RealFile]:
    """Every file pydicom and pydicom-data bring along."""
    # by path: pydicom's own finders would download what is missing
    roots = [Path(str(module.__file__)).parent for module in (pydicom.data, data_store)]
    paths = [path for root in roots for path in root.rglob("*")]
    real = [path for path in paths if path.is_file() and path.suffix not in {".py", ".pyc", ".pyi", ".json"}]
    return sorted((RealFile("/".join(p.parts[-2:]), p, "dicom", "", "") for p in real), key=str)


def verdict_line(real: RealFile) -> str:
    """One line of the golden list: end of the path, kind, start of the SHA-256, codes with their places."""
    data = real.path.read_bytes()
    findings, _ = INSPECTORS[real.kind](BytesSource(data))
    codes = " ".join(f"{f.code}({f.where})" if f.where else f.code for f in findings) or "-"
    return "\t".join(("/".join(real.path.parts[-2:]), real.kind, sha256(data).hexdigest()[:16], codes))


if __name__ == "__main__":
    GOLDEN.write_text("\n".join(sorted({verdict_line(real) for real in packaged() + corpus()})) + "\n")
