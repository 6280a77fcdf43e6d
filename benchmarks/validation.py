"""Validation of DICOM: against reading the header only, inside the sandbox, and by size of the image."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import data_store  # type: ignore[import-untyped]
import pydicom
import pydicom.data

from benchmarks.tools.measuring import compete, table
from content.byte_source import BlockReader
from content.dicom.instance import inspect_dicom
from content.sandbox.answer import read_answer
from content.sandbox.child import encode_answer
from content.sandbox.handful import File
from content.sandbox.parent import Sandbox

ROUNDS, REPEATS = 7, 40
MIB = 2**20


def run() -> None:
    warnings.simplefilter("ignore")
    small = (Path(str(pydicom.data.__file__)).parent / "test_files" / "CT_small.dcm").read_bytes()
    slices = {
        f"CT of {size >> 10} KiB": enlarged(small, size) for size in (64 * 2**10, 512 * 2**10, 100 * MIB)
    }
    with Sandbox(children=1) as sandbox:
        rows = [row(name, data, sandbox) for name, data in slices.items()]
        rows.append(row("real files, mean", None, sandbox))
    header = (
        "",
        "header",
        "all of it",
        "instances per CPU s",
        "all / header",
        "sandbox / in process (wall)",
        "several a message / one (wall)",
    )
    table("Validation and metadata of one instance; CPU, and wall where it says so", header, rows)


def enlarged(slice_: bytes, size: int) -> bytes:
    """The same CT with a larger image."""
    dataset = pydicom.dcmread(io.BytesIO(slice_))
    dataset.Columns = 512
    dataset.Rows = min(size // 1024, 65_535)
    dataset.NumberOfFrames = frames = max(1, size // (dataset.Rows * 1024))
    dataset.PixelData = bytes(dataset.Rows * 1024 * frames)
    file = io.BytesIO()
    dataset.save_as(file)
    return file.getvalue()


def row(name: str, data: bytes | None, sandbox: Sandbox) -> tuple[str, ...]:
    files = [data] * REPEATS if data is not None else real_files()
    one_by_one = {"header": header_only, "process": in_process, "sandbox": inside(sandbox)}
    contestants: dict[str, Callable[[], object]] = {
        key: lambda work=work: [work(f) for f in files]  # type: ignore[misc]
        for key, work in one_by_one.items()
    }
    contestants["together"] = lambda: list(sandbox.inspect_each("dicom", [file_of(f) for f in files]))
    found = compete(contestants, ROUNDS)
    header, process = (found[key].cpu / len(files) for key in ("header", "process"))
    return (
        name,
        f"{header * 1e6:.0f} µs",
        f"{process * 1e6:.0f} µs",
        f"{1 / process:.0f}",
        f"{process / header:.2f}",
        f"{found['sandbox'].wall / found['process'].wall:.2f}",
        f"{found['together'].wall / found['sandbox'].wall:.2f}",
    )


def real_files() -> list[bytes]:
    """Those that pydicom and pydicom-data bring along and that both readers take."""
    roots = [Path(str(module.__file__)).parent for module in (pydicom.data, data_store)]
    files = [path.read_bytes() for root in roots for path in sorted(root.rglob("*.dcm"))]
    return [data for data in files if len(data) < MIB and data[128:132] == b"DICM"]


def header_only(data: bytes) -> object:
    return pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)


def in_process(data: bytes) -> object:
    """Everything the sandbox does, without the sandbox."""
    source = BlockReader(lambda offset, length: data[offset : offset + length], len(data))
    return read_answer(encode_answer(*inspect_dicom(source)), "dicom", len(data))


def inside(sandbox: Sandbox) -> Callable[[bytes], object]:
    def inspect(data: bytes) -> object:
        file = file_of(data)
        return sandbox.inspect("dicom", file.size, file.read)

    return inspect


def file_of(data: bytes) -> File:
    return File(len(data), lambda at, length: data[at : at + length])
