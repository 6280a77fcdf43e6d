"""10 000 one-page PDFs: each reader alone, both in process, both in the sandbox."""

import io
import time

import pikepdf
from fpdf import FPDF
from pypdf import PdfReader

from benchmarks.tools.measuring import compete, table
from content.byte_source import BytesSource
from content.limits import DEFAULT_LIMITS
from content.pdf.active_content import ActiveContent
from content.pdf.lenient_reader import PypdfView
from content.pdf.report import inspect_pdf
from content.sandbox.parent import Sandbox

FILES = 10_000
SAMPLE = 500  # per round of the comparison in process


def run(rounds: int = 3) -> None:
    files = [_report(number) for number in range(SAMPLE)]

    def opened_by_pypdf() -> None:
        for data in files:
            len(PdfReader(io.BytesIO(data)).pages)

    def opened_by_qpdf() -> None:
        for data in files:
            with pikepdf.open(io.BytesIO(data)) as document:
                len(document.pages)

    def one_reader() -> None:
        for data in files:
            PypdfView(BytesSource(data), DEFAULT_LIMITS).look_at(ActiveContent(DEFAULT_LIMITS))

    def validated() -> None:
        for data in files:
            inspect_pdf(BytesSource(data))

    found = compete(
        {
            "pypdf: open and count pages": opened_by_pypdf,
            "qpdf: open and count pages": opened_by_qpdf,
            "pypdf: every object": one_reader,
            "validation: both readers": validated,
        },
        rounds,
    )
    least = found["pypdf: open and count pages"].cpu
    rows = [
        (name, f"{1000 * one.cpu / SAMPLE:.2f}", f"{SAMPLE / one.cpu:.0f}", f"{one.cpu / least:.2f}")
        for name, one in found.items()
    ]
    table("One-page PDFs, in process", ("", "CPU ms a file", "files/CPU-s", "of opening"), rows)
    _sandboxed(files)


def _sandboxed(files: list[bytes]) -> None:
    with Sandbox(children=1) as sandbox:
        _inspect(sandbox, files[0])
        started = time.perf_counter()
        for number in range(FILES):
            _inspect(sandbox, files[number % SAMPLE])
        wall = time.perf_counter() - started
    row = (f"{FILES}", f"{wall:.1f}", f"{FILES / wall:.0f}", f"{1000 * wall / FILES:.2f}")
    table("One-page PDFs, in one sandboxed child", ("files", "s", "files/s", "ms a file"), [row])


def _inspect(sandbox: Sandbox, data: bytes) -> None:
    assert sandbox.inspect("pdf", len(data), lambda offset, length: data[offset : offset + length]).accepted


def _report(number: int) -> bytes:
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=11)
    document.cell(text=f"Compte rendu {number}")
    document.ln()
    document.multi_cell(0, text="Examen sans injection. Absence d'anomalie. " * 40)
    return bytes(document.output())
