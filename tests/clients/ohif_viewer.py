"""What OHIF shows of a study: its canvas beside an independent decode, and every answer that it got."""

import base64
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy
import pydicom
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Error, Page, Response
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, pixel_array
from pydicom.uid import EncapsulatedPDFStorage, JPEGExtended12Bit, generate_uid

from coffre.demo_authority import identity_files
from tests.integration.support import Coffre, Patient
from tests.services.processes import debian

LONGEST_S = 240.0
RIGHT = 0.97
"""At least so similar is the right picture; the best wrong one of a corpus was 0.844."""
CANVAS = """() => {
    const found = document.querySelector('canvas.cornerstone-canvas');
    return found && found.width > 99 ? found.toDataURL('image/png') : null;
}"""
Picture = NDArray[numpy.float64]


@dataclass
class Viewer:
    """One study of one person, opened by whoever is signed in in this browser."""

    page: Page
    coffre: Coffre
    answers: list[tuple[int, str, str]] = field(default_factory=list)
    """Status, address and media type of everything that was asked."""
    longest_s: float = LONGEST_S
    canvas: str = CANVAS
    """A function that gives the picture as a data address, or null while there is none."""

    def __post_init__(self) -> None:
        self.page.on("response", self._answered)

    def _answered(self, response: Response) -> None:
        self.answers.append((response.status, response.url, response.headers.get("content-type", "")))

    def sign_in(self, token: str) -> None:
        with self.coffre.system() as system:
            self.page.goto(identity_files.sign_in_link(system, token, self.coffre.url))

    def open(self, person: Patient, study: str, *, over_gateway: bool = False) -> None:
        """`over_gateway`: as in a browser that opens nothing itself."""
        address = f"{self.coffre.url}/records/{person.public_id}/ohif/viewer?StudyInstanceUIDs={study}"
        self.page.goto(address + ("&over=gateway" if over_gateway else ""), wait_until="domcontentloaded")

    @property
    def failures(self) -> list[tuple[int, str]]:
        return [(status, url) for status, url, _ in self.answers if status >= 400]

    def until(self, found: Callable[[], bool]) -> bool:
        """Looked at from outside: a strict policy allows no eval in the page."""
        until = time.monotonic() + self.longest_s
        while time.monotonic() < until:
            with suppress_navigation():
                if found():
                    return True
            self.page.wait_for_timeout(250)
        return False

    def drawn(self, colour: tuple[int, int, int]) -> int:
        """How many pixels of the canvas have nearly this colour."""
        url = self.page.evaluate(self.canvas)
        if not url:
            return 0
        shown = Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
        return int((abs(numpy.asarray(shown, dtype=int) - colour).max(axis=2) < 40).sum())

    def resembles(self, datasets: list[pydicom.FileDataset]) -> float:
        """The correlation of the canvas with the image that it resembles most, once one is right or no more
        comes.
        """
        best = 0.0

        def looked() -> bool:
            nonlocal best
            url = self.page.evaluate(self.canvas)
            if url:
                shown = numpy.asarray(
                    Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L")
                )
                best = max(best, *(_correlation(shown.astype(float), each) for each in datasets))
            return best >= RIGHT

        self.until(looked)
        return best


@contextmanager
def suppress_navigation() -> Iterator[None]:
    """A page that leads to the next one, as a first visit does, is looked at again there."""
    try:
        yield
    except Error as error:
        if "Execution context was destroyed" not in error.message:
            raise


def given_to(person: Patient, path: str) -> pydicom.FileDataset:
    """A file of somebody else, as if it were of this person and new."""
    dataset = pydicom.dcmread(path)
    named = pydicom.dcmread(BytesIO(person.ct(1, 8)[0]), stop_before_pixels=True)
    for element in [each for each in dataset if each.tag.group == 0x0010]:
        del dataset[element.tag]
    for element in named.group_dataset(0x0010):
        dataset.add(element)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return dataset


def encapsulated(person: Patient, content: bytes) -> pydicom.FileDataset:
    """A report as an Encapsulated PDF (PS3.3 section A.45.1)."""
    dataset = pydicom.dcmread(BytesIO(person.ct(1, 8)[0]))
    for element in [each for each in dataset if each.tag.group in (0x0018, 0x0028, 0x7FE0)]:
        del dataset[element.tag]
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = EncapsulatedPDFStorage
    dataset.Modality, dataset.ConversionType, dataset.BurnedInAnnotation = "DOC", "WSD", "YES"
    dataset.DocumentTitle, dataset.MIMETypeOfEncapsulatedDocument = "Compte rendu", "application/pdf"
    dataset.ConceptNameCodeSequence = pydicom.Sequence()
    dataset.EncapsulatedDocumentLength = len(content)
    dataset.EncapsulatedDocument = content + bytes(len(content) % 2)
    return dataset


def written(dataset: pydicom.FileDataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def resemblance(picture: bytes, dataset: pydicom.FileDataset) -> float:
    """The correlation of a picture that shows the first frame and nothing else with an independent decode."""
    shown = Image.open(BytesIO(picture)).convert("L")
    whole = Image.fromarray(_decoded(dataset).astype(numpy.float32))
    expected = numpy.asarray(whole.resize(shown.size, Image.Resampling.BILINEAR), dtype=float)
    return float(numpy.corrcoef(numpy.asarray(shown, dtype=float).ravel(), expected.ravel())[0, 1])


def _correlation(shown: Picture, dataset: pydicom.FileDataset) -> float:
    """Of the part of the canvas in which the image is fitted, at the image's own size."""
    expected = _decoded(dataset)
    rows, columns = expected.shape
    spacing = [
        float(each) for each in dataset.get("PixelSpacing") or dataset.get("PixelAspectRatio") or (1, 1)
    ]
    tall = rows * spacing[0] / spacing[1]
    scale = min(shown.shape[0] / tall, shown.shape[1] / columns)
    height, width = round(tall * scale), round(columns * scale)
    top, left = (shown.shape[0] - height) // 2, (shown.shape[1] - width) // 2
    cut = Image.fromarray(shown[top : top + height, left : left + width].astype(numpy.uint8))
    fitted = numpy.asarray(cut.resize((columns, rows), Image.Resampling.BILINEAR), dtype=float)
    if fitted.std() == 0 or expected.std() == 0:
        return 0.0
    return float(numpy.corrcoef(fitted.ravel(), expected.ravel())[0, 1])


def _decoded(dataset: pydicom.FileDataset) -> Picture:
    """The first frame in shades of grey, by pydicom, with the window of the file or all its values."""
    image = pixel_array(_readable(dataset), index=0)
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(image, dataset)
        return _shades(Image.fromarray((colours >> (8 * (colours.dtype.itemsize - 1))).astype(numpy.uint8)))
    if image.ndim == 3:
        return _shades(Image.fromarray(image.astype(numpy.uint8)))
    shades = apply_voi_lut(apply_modality_lut(image, dataset), dataset).astype(float)
    return -shades if dataset.PhotometricInterpretation == "MONOCHROME1" else shades


def _readable(dataset: pydicom.FileDataset) -> pydicom.FileDataset:
    """pydicom's decoders know no JPEG of twelve bits; dcmtk's do."""
    if dataset.file_meta.TransferSyntaxUID != JPEGExtended12Bit:
        return dataset
    with tempfile.TemporaryDirectory() as made:
        packed, plain = Path(made) / "packed.dcm", Path(made) / "plain.dcm"
        packed.write_bytes(written(dataset))
        subprocess.run([debian("dcmdjpeg", "dcmtk"), packed, plain], check=True, capture_output=True)
        return pydicom.dcmread(BytesIO(plain.read_bytes()))


def _shades(image: Image.Image) -> Picture:
    return numpy.asarray(image.convert("L"), dtype=float)
