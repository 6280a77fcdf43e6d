"""The sandbox loads its parsers before it can open no more files: each is run once on a sample."""

import codecs
import contextlib
from encodings.aliases import aliases

from pydicom.charset import python_encoding

from content.byte_source import BytesSource
from content.dicom.frame_decoding import load_decoders
from content.dicom.instance import inspect_dicom
from content.dicom.metadata.store_request import encode_json, encode_xml
from content.entry import inspect_entry
from content.limits import Limits
from content.pdf.repairing_reader import encrypted
from content.pdf.report import inspect_pdf

_PDF_OBJECTS = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R>>",
)


def warm_up(limits: Limits) -> None:
    """Whatever is loaded on first use must be loaded before files can no longer be opened."""
    for encoding in {*python_encoding.values(), *aliases.values()}:
        with contextlib.suppress(LookupError):  # some exist on other systems only
            codecs.lookup(encoding)
    if limits.decoded_frames:
        load_decoders()
    inspect_dicom(BytesSource(bytes(128) + b"DICM"), limits)
    inspect_pdf(BytesSource(_pdf_sample()), limits)
    for revision in (2, 3, 4, 6):  # each loads ciphers of its own
        inspect_pdf(BytesSource(encrypted(_pdf_sample(), revision)), limits)
    inspect_entry(
        BytesSource(b'{"resourceType": "Immunization", "occurrenceDateTime": "2020-01-01"}'), limits
    )
    encode_json(BytesSource(b'[{"00080005": {"vr": "CS"}}]'), limits)
    encode_xml(BytesSource(b"<NativeDicomModel/>"), limits)


def _pdf_sample() -> bytes:
    body, table = b"%PDF-1.4\n", b"xref\n0 4\n0000000000 65535 f \n"
    for number, content in enumerate(_PDF_OBJECTS, 1):
        table += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj%bendobj\n" % (number, content)
    end = b"trailer<</Root 1 0 R/Size 4>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + table + end
