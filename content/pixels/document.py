"""Encapsulated documents: what there is of them to show is the PDF itself (PS3.18 §8.7.4)."""

from content.dicom.elements import ENCAPSULATED_DOCUMENT, Raw
from content.dicom.walk import Walk
from content.limits import Limits
from content.pixels.failures import CANNOT_RENDER, Unpictured
from content.pixels.image_file import ImageFile

_MIME_TYPE, _LENGTH = 0x00420012, 0x00420015
_PDF = b"%PDF-"


def place_of_pdf(image: ImageFile, limits: Limits) -> tuple[int, int]:
    """Offset and length of the PDF that the instance carries, its padding left out.

    Raises `Unpictured`, `Rejected`.
    """
    structure = Walk(image.source, limits, image.encoding, image.start).run()
    document = structure.bulk.get(ENCAPSULATED_DOCUMENT)
    if document is None or not image.source.read(document.offset, len(_PDF)) == _PDF:
        raise Unpictured(CANNOT_RENDER)
    stated = structure.dataset.elements.get(_LENGTH)
    length = document.length
    if isinstance(stated, Raw) and len(stated.value) == 4:
        said = int.from_bytes(stated.value, "little" if image.encoding.little else "big")
        length = said if length - 1 <= said <= length else length
    return document.offset, length
