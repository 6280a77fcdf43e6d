"""Images of syntaxes of which pydicom's packages have few real files: these, and a real MR, encoded anew.

The judge is pydicom's own decode of what came out. Where a corpus has real files of High-Throughput JPEG
2000, they are among them.
"""

import base64
import json
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy
import pydicom
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.uid import HTJ2K, JPEG2000, UID, HTJ2KLossless, HTJ2KLosslessRPCL

from tests.clients.ohif_viewer import given_to
from tests.integration.support import Patient
from tests.opener import node
from tests.services.axe import FRONTEND
from tests.unit.content.real_files import CORPUS

ENCODER = Path(__file__).parent / "encode_htj2k.mjs"
Made = Callable[[Patient], pydicom.FileDataset]


def _real(name: str, person: Patient) -> pydicom.FileDataset:
    return given_to(person, name)


def _packaged(name: str, person: Patient) -> pydicom.FileDataset:
    return given_to(person, str(get_testdata_file(name)))


def _mr(person: Patient) -> pydicom.FileDataset:
    return _packaged("MR_small.dcm", person)


def _in_htj2k(syntax: UID, person: Patient) -> pydicom.FileDataset:
    dataset = _mr(person)
    told = {
        "samples": base64.b64encode(dataset.PixelData).decode(),
        "columns": dataset.Columns,
        "rows": dataset.Rows,
        "bits": dataset.BitsStored,
        "isSigned": dataset.PixelRepresentation == 1,
        "isLossless": syntax != HTJ2K,
        "byResolution": syntax == HTJ2KLosslessRPCL,
    }
    node.locked(FRONTEND)
    command = [node.program(), ENCODER]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, check=True)
    codestream = base64.b64decode(done.stdout)
    original = dataset.pixel_array.copy()
    dataset.PixelData = encapsulate([codestream])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = syntax
    is_same = numpy.array_equal(dataset.pixel_array, original)
    assert is_same == told["isLossless"]  # as its syntax says
    assert (b"\xff\x55" in codestream) == told["byResolution"]  # TLM
    return dataset


def _lossy_jpeg_2000(person: Patient) -> pydicom.FileDataset:
    dataset = _mr(person)
    original = dataset.pixel_array.copy()
    dataset.compress(JPEG2000, j2k_psnr=[70.0], generate_instance_uid=False)
    assert not numpy.array_equal(dataset.pixel_array, original)
    return dataset


SHORT: Mapping[str, Made] = {"HTJ2K by resolution": partial(_in_htj2k, HTJ2KLosslessRPCL)}
LONG: Mapping[str, Made] = {
    "HTJ2K lossless": partial(_in_htj2k, HTJ2KLossless),
    "HTJ2K lossy": partial(_in_htj2k, HTJ2K),
    "JPEG 2000 lossy": _lossy_jpeg_2000,
    "JPEG 2000 lossy, CT": partial(_packaged, "693_J2KI.dcm"),
    "JPEG 2000 lossy, MR of 1024 x 1024": partial(_packaged, "MR2_J2KI.dcm"),
    "JPEG 2000 lossy, colour": partial(_packaged, "SC_rgb_gdcm_KY.dcm"),
    "JPEG-LS near lossless, 16 bits": partial(_packaged, "JPEGLSNearLossless_16.dcm"),
    "JPEG-LS near lossless, 8 bits": partial(_packaged, "JPEGLSNearLossless_08.dcm"),
    "JPEG-LS near lossless, colour by line": partial(_packaged, "SC_rgb_jls_lossy_line.dcm"),
    "JPEG-LS near lossless, colour by sample": partial(_packaged, "SC_rgb_jls_lossy_sample.dcm"),
    **{path.stem: partial(_real, str(path)) for path in sorted(CORPUS.glob("dicom/*/HTJ2K*_RGB.dcm"))},
}
