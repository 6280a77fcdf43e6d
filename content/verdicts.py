# ruff: noqa: E501 - one row per verdict, so that the table can be read down
"""Verdicts of validation about a file: one row per code, for senders and for the pipeline.

A code never changes its meaning. A sentence says what the sender can do and never repeats content.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

F_co = TypeVar("F_co", covariant=True)


class Outcome(StrEnum):
    """From harmless to final; the worst outcome of all findings decides."""

    ACCEPT = "accept"
    WARN = "warn"
    QUARANTINE = "quarantine"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`standard` names the rule behind the verdict; empty where the rule is ours."""

    code: str
    outcome: Outcome
    sentence: str
    standard: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict about one file. `where` is a tag, a keyword or a count, never a value of the file."""

    code: str
    where: str | None = None


class Rejected(Exception):  # noqa: N818
    """Raised inside a validator where going on makes no sense."""

    def __init__(self, code: str, where: str | None = None) -> None:
        super().__init__(code)
        self.finding = Finding(code, where)


_W, _Q, _R = Outcome.WARN, Outcome.QUARANTINE, Outcome.REJECT

_DICOM = (
    ("preamble_missing", _W, "The 128-byte preamble and the DICM prefix are missing; the data set was read from its first byte. Export the file with them.", "PS3.10 §7.1"),
    ("preamble_not_zero", _W, "The preamble is used by another format (often TIFF). It is kept as it is; clear it if nothing needs it.", "PS3.10 §7.1"),
    ("preamble_active", _R, "The preamble carries the signature of an executable, script, PDF, ZIP or HTML file. Export the instance again with an empty preamble.", "PS3.10 §7.5"),
    ("polyglot", _R, "The file can also be opened as a PDF or an archive. Export the instance again from its source.", "PS3.10 §7.5"),
    ("not_dicom", _R, "This is not a DICOM file: no DICM prefix and no readable data set. Send the DICOM instance itself, not an image, archive or text made from it.", "PS3.10 §7.1"),
    ("dicomdir", _R, "A DICOMDIR lists files and holds none. Send the files it lists.", "PS3.10 §8.6"),
    ("meta_missing", _W, "The file meta information is missing; the encoding was recognised from the data set. Export the file as a complete Part 10 file.", "PS3.10 §7.1"),
    ("meta_transfer_syntax_missing", _W, "The file meta information does not name a transfer syntax; it was recognised from the data set. Correct the exporting device.", "PS3.10 §7.1"),
    ("meta_differs", _W, "The file meta information names another SOP class or instance than the data set. The data set's own was used.", "PS3.10 §7.1"),
    ("encoding_differs", _W, "The data set is not encoded as its transfer syntax says. It was read as it is; correct the exporting device.", "PS3.5 §10"),
    ("transfer_syntax_unusual", _W, "The transfer syntax is private or too new to be known here. The file is kept; not every viewer will show it.", "PS3.5 §10"),
    ("transfer_syntax_not_valid", _R, "The transfer syntax is not a valid identifier. Export the file again.", "PS3.10 §7.1"),
    ("uid_missing", _R, "A mandatory identifier (SOP Class, SOP Instance, Study or Series Instance UID) is missing or empty. Correct the exporting device and send again.", "PS3.3 §C.12.1"),
    ("uid_not_valid", _W, "An identifier does not follow the rules for UIDs. It is kept as it is; correct the exporting device.", "PS3.5 §9.1"),
    ("uid_unusable", _R, "An identifier contains characters or a length that no archive can address. Correct the exporting device and send again.", "PS3.5 §9.1"),
    ("not_patient_object", _R, "This object (a palette, a protocol, a hanging description …) belongs to no patient and cannot be filed in a record.", "PS3.4 §GG"),
    ("sop_class_unusual", _W, "The SOP class is private or too new to be known here. The file is kept; not every viewer will show it.", "PS3.4 §B.5"),
    ("patient_id_empty", _W, "The Patient ID is empty; the record was chosen from the address of the deposit alone.", "PS3.3 §C.7.1.1"),
    ("value_not_valid", _W, "Some values do not follow their type; they are delivered as the text or bytes found.", "PS3.5 §6.2"),
    ("character_set_differs", _W, "Text is written in another character set than Specific Character Set says, often in UTF-8. It is shown as it was meant; correct the exporting device.", "PS3.3 §C.12.1.1.2"),
    ("elements_unordered", _W, "Elements are not in ascending order. Correct the exporting device.", "PS3.5 §7.1"),
    ("element_duplicate", _R, "An element that identifies the instance occurs twice, so that readers would disagree. Export the instance again.", "PS3.5 §7.1"),
    ("element_not_valid", _R, "The data set is corrupt: an element or sequence cannot be followed to its end. Export the instance again.", "PS3.5 §7"),
    ("truncated", _R, "The file ends before its data set does. Send the whole file again.", "PS3.5 §7"),
    ("trailing_zeros", _W, "Zero bytes follow the data set. They are kept.", "PS3.10 §7.2"),
    ("trailing_bytes", _W, "A few bytes too few to be an element follow the data set. They are kept.", "PS3.10 §7.2"),
    ("delimiter_unexpected", _W, "A delimiter of items or sequences stands where none belongs. It was passed over; correct the exporting device.", "PS3.5 §7.5"),
    ("nested_too_deep", _R, "Sequences are nested deeper than any standard object needs. Export the instance again.", "PS3.5 §7.5"),
    ("too_many_elements", _R, "The data set has more elements than can be examined. Split the instance.", ""),
    ("metadata_too_large", _R, "The data set without its images is too large to be examined. Split the instance.", ""),
    ("metadata_incomplete", _W, "The data set is so large that long lists inside it were left out of the metadata; the file is kept whole.", ""),
    ("pixel_data_missing", _W, "The instance describes an image and holds none. If it should hold one, send the whole file again.", "PS3.3 §C.7.6.3"),
    ("pixel_data_elsewhere", _R, "The image lies on another server, which the record cannot keep. Send the instance with its pixel data.", "PS3.5 §A.6"),
    ("pixel_data_short", _R, "There is less pixel data than rows, columns and frames require. Send the whole file again.", "PS3.5 §8.1"),
    ("pixel_data_longer", _W, "There is more pixel data than rows, columns and frames require. It is kept.", "PS3.5 §8.1"),
    ("pixel_data_unchecked", _W, "The size of the pixel data could not be checked, because the attributes describing it are missing or not valid.", "PS3.3 §C.7.6.3"),
    ("pixel_fragments_not_valid", _R, "The compressed pixel data is corrupt: its fragments cannot be followed to their end. Export the instance again.", "PS3.5 §A.4"),
    ("pixel_delimiter_missing", _W, "The delimiter behind the compressed pixel data is missing or malformed, and every fragment is whole. The file is kept as it is; correct the exporting device.", "PS3.5 §A.4"),
    ("fragments_unknown", _W, "An element without a type holds pieces of bytes where a sequence belongs. It is kept in the file and left out of the metadata; correct the exporting device.", "PS3.5 §6.2.2"),
    ("frames_missing", _R, "There are fewer compressed frames than the instance declares. Send the whole file again.", "PS3.5 §A.4"),
    ("frames_not_addressable", _W, "Single frames cannot be told apart without reading the images; viewers will fetch the whole instance.", "PS3.5 §A.4"),
    ("offset_table_not_valid", _W, "The table of frame offsets does not fit the compressed pixel data. The frames were found without it.", "PS3.5 §A.4"),
    ("frame_size_differs", _W, "A compressed frame has another size than rows, columns and samples say. It is kept; no picture is made of it. Correct the exporting device.", "PS3.5 §8.2"),
    ("frames_not_decodable", _R, "A compressed frame cannot be decoded. Export the instance again.", "PS3.5 §8.2"),
    ("frames_not_decoded", _W, "Not every compressed frame was decoded as a check: no decoder for it is installed, or there are more frames than are checked.", ""),
    ("document_missing", _R, "The instance is of a class that encapsulates a document and holds none. Send it with the document.", "PS3.3 §C.24.2"),
    ("document_not_valid", _R, "The encapsulated document is not whole, not of its kind or holds something active. Export it again from its source.", "PS3.3 §C.24.2"),
    ("document_type_differs", _W, "A document inside is of another type than its label says. It was examined as what it is and kept; correct the label.", "PS3.3 §C.24.2"),
    ("deflate_not_valid", _R, "The deflated data set cannot be inflated to its end. Export the instance again.", "PS3.5 §A.5"),
    ("deflate_wrapped", _W, "The deflated data set has the header of zlib or gzip around it, which not every viewer takes away. The file is kept as it is; correct the exporting device.", "PS3.5 §A.5"),
    ("deflate_missing", _W, "The transfer syntax says that the data set is deflated, and it is not. The file is kept as it is; correct the exporting device.", "PS3.5 §A.5"),
    ("deflate_too_large", _R, "The deflated data set expands beyond what can be examined. Send it with another transfer syntax.", "PS3.5 §A.5"),
)  # fmt: skip

_METADATA = (
    ("metadata_unreadable", _R, "The metadata can't be read as DICOM JSON or Native DICOM XML, so nothing of the request was stored. Correct the sender.", "PS3.18 §F.2"),
    ("metadata_member_twice", _R, "The metadata gives a member, an attribute or a value twice, so nothing of the request was stored. Correct the sender: it gives each once.", "PS3.18 §F.2"),
    ("metadata_missing", _R, "The request holds bulk data alone. Send it with the metadata that names it.", "PS3.18 §8.6"),
    ("metadata_not_valid", _R, "An attribute of the metadata can't be written as DICOM: its VR is missing, or its value doesn't fit. Correct the sender.", "PS3.18 §F.2.2"),
    ("metadata_name_plain", _W, "A person's name in the metadata is plain text where an object with its groups belongs. It was read as that text; correct the sender.", "PS3.18 §F.2.2"),
    ("metadata_not_utf8", _W, "The metadata is JSON in UTF-16, and was read by its byte order mark. Correct the sender: JSON is UTF-8.", "RFC 8259 §8.1"),
    ("bulk_data_missing", _R, "No part of the request has the address that the metadata names for bulk data. Send it along, with this Content-Location.", "PS3.18 §8.6"),
    ("bulk_data_not_valid", _R, "A part of bulk data doesn't fit its attribute: its media type, its transfer syntax, its size, or it is named twice. Correct the sender.", "PS3.18 §8.7.3.3"),
    ("bulk_data_unused", _R, "The metadata names no attribute for a part of bulk data, so nothing of the request was stored. Send the part with the Content-Location that the metadata names.", "PS3.18 §8.6"),
)  # fmt: skip

_PDF = (
    ("not_pdf", _R, "This is not a PDF file. Send the report as PDF.", "ISO 32000 §7.5.2"),
    ("pdf_polyglot", _R, "The file is also an archive, an executable or a web page. Export the report again from its source.", "ISO 32000 §7.5"),
    ("pdf_bytes_after", _W, "Other bytes stand after the end of the PDF. They are kept.", "ISO 32000 §7.5.5"),
    ("pdf_header_late", _W, "Other bytes stand before the PDF header. They are kept.", "ISO 32000 §7.5.2"),
    ("pdf_truncated", _R, "The PDF ends before its end-of-file marker. Send the whole file again.", "ISO 32000 §7.5.5"),
    ("pdf_unreadable", _R, "The PDF is damaged and cannot be read. Export the report again.", "ISO 32000 §7.5"),
    ("pdf_no_pages", _R, "The PDF has no readable page. Export the report again.", "ISO 32000 §7.7.3"),
    ("pdf_repaired", _W, "The PDF is damaged but can be read by repairing it. It is kept as it is.", "ISO 32000 §7.5"),
    ("pdf_ambiguous", _R, "Parts of the PDF can be read in more than one way. Print it to a new PDF and send that.", "ISO 32000 §7.3.7"),
    ("pdf_password", _R, "The PDF needs a password or a certificate to be opened. Send it without.", "ISO 32000 §7.6"),
    ("pdf_owner_password", _W, "The PDF is encrypted with an owner password; it opens without one and is kept as it is.", "ISO 32000 §7.6"),
    ("pdf_javascript", _R, "The PDF contains JavaScript. Print it to a new PDF and send that.", "ISO 32000 §12.6.4.17"),
    ("pdf_launch", _R, "The PDF starts another program. Print it to a new PDF and send that.", "ISO 32000 §12.6.4.6"),
    ("pdf_other_machine", _R, "The PDF takes parts of itself, or opens a document, from another machine. Print it to a new PDF and send that.", "ISO 32000 §7.11"),
    ("pdf_external_link", _W, "The PDF has links to addresses outside. They are kept; a viewer asks before it follows one.", "ISO 32000 §12.6.4.8"),
    ("pdf_submit_form", _R, "The PDF sends a form to an address. Print it to a new PDF and send that.", "ISO 32000 §12.7.6.2"),
    ("pdf_import_data", _R, "The PDF imports data from a file. Print it to a new PDF and send that.", "ISO 32000 §12.7.6.4"),
    ("pdf_postscript_unused", _W, "The PDF contains a program for PostScript printers that nothing in it runs. It is kept.", "ISO 32000-1 §8.8.2"),
    ("pdf_postscript", _R, "The PDF contains a program for PostScript printers. Print it to a new PDF and send that.", "ISO 32000-1 §8.8.2"),
    ("pdf_rich_media", _R, "The PDF contains film, sound or 3D content with programs. Print it to a new PDF and send that.", "ISO 32000 §13"),
    ("pdf_form_script", _R, "The PDF contains a form with scripts (XFA). Print it to a new PDF and send that.", "ISO 32000 §12.7.8"),
    ("pdf_embedded_program", _R, "A program, or an archive or page that may hold one, is attached to the PDF. Send the PDF without it.", "ISO 32000 §7.11.4"),
    ("pdf_form", _W, "The PDF contains a dynamic form (XFA) without scripts. Not every viewer shows it.", "ISO 32000 §12.7.8"),
    ("pdf_attachment", _W, "Files are attached to the PDF. They are kept inside it; programs, pages and active documents among them would have been refused.", "ISO 32000 §7.11.4"),
    ("pdf_too_large", _R, "The PDF is larger than can be examined. Send images as DICOM.", ""),
    ("pdf_too_complex", _R, "The PDF has more objects, or expands to more bytes, than can be examined. Print it to a new PDF and send that.", ""),
)  # fmt: skip

_ENTRY = (
    ("entry_not_json", _R, "This is not one resource in JSON. Send a FHIR resource as JSON in UTF-8, each member once.", "R4 §2.6.2"),
    ("entry_too_large", _R, "An entry of own information has at most 16 KiB. Send what is longer as a document of its own.", ""),
    ("entry_kind_unknown", _R, "The resource is of no kind of own information: its type, the category of a Consent or the relationship of a RelatedPerson tells the kind. Correct it.", ""),
    ("entry_member_unknown", _R, "An element is not known here, and would be lost. Send the entry without it.", ""),
    ("entry_member_missing", _R, "An element that this kind of entry needs is missing. Send it along.", ""),
    ("entry_value_bad", _R, "An element has a value of another form, empty, too long or with signs that can't be shown. Correct it.", "R4 §2.24"),
    ("entry_code_unknown", _R, "A code is none of those that this element may have. Correct it.", ""),
    ("entry_date_bad", _R, "A date is none. Send YYYY-MM-DD, or a year, or a year and month; an end comes after its beginning.", "R4 §2.24.0.2"),
)  # fmt: skip

_SANDBOX = (
    ("sandbox_crashed", _Q, "The file made the validator stop. It is set aside for the hosting team; nothing is needed from you.", ""),
    ("sandbox_timeout", _Q, "The file could not be examined in time. It is set aside for the hosting team; nothing is needed from you.", ""),
    ("sandbox_memory", _Q, "The file could not be examined within the memory allowed. It is set aside for the hosting team; nothing is needed from you.", ""),
)  # fmt: skip

VERDICTS: Mapping[str, Verdict] = {
    code: Verdict(code, outcome, sentence, standard)
    for code, outcome, sentence, standard in (*_DICOM, *_METADATA, *_PDF, *_ENTRY, *_SANDBOX)
}


@dataclass(frozen=True, slots=True)
class Decision:
    """A flaw of known writers around content that is whole, and what becomes of it. `code` "": nothing is said."""

    flaw: str
    code: str
    reason: str


DECISIONS = (
    Decision("Compressed pixel data ends without its sequence delimiter: nothing, zero bytes, an item delimiter, a bare tag or the next element stands there. Every fragment is whole, and the last image has its end marker or each frame its fragment.", "pixel_delimiter_missing", "Refused, an examination is missing from the record that the device will never send otherwise. Kept, nothing is lost: the item headers say where each frame lies, as DCMTK and fo-dicom read it."),
    Decision("The same, and the file may be cut between two fragments: fewer fragments than frames, or no end of image.", "truncated", "Kept, somebody could read part of an image as all of it. Refused, the sender still has the file and is told."),
    Decision("A deflated data set inside zlib or gzip.", "deflate_wrapped", "The checksum of the wrapping proves that it is whole; most toolkits inflate it."),
    Decision("A data set that is declared deflated and is not.", "deflate_missing", "Its first element shows how it is written; every byte is there."),
    Decision("A value of unknown type and undefined length that holds pieces of bytes, where a sequence belongs.", "fragments_unknown", "The pieces have their lengths and their delimiter. What they mean only their maker knows, with or without the flaw; the images beside them are whole."),
    Decision("Subsampled colour (YBR_FULL_422) that is stored with three samples a pixel.", "pixel_data_longer", "Frames are addressed by the size that fills the pixel data; where none does there are no addresses, and viewers fetch the instance."),
    Decision("A PDF without its end-of-file marker, or with a part of it, whose table of objects stands where the last line says, also behind updates and in linearized files.", "pdf_repaired", "Two readers find every object at its place; viewers never look for more."),
    Decision("The same, and an object or the table is not at its place, or an update was begun and not finished.", "pdf_truncated", "Kept, a later finding could be missing and nobody would see it. Refused, the sender still has the file."),
    Decision("The first part of a linearized PDF once more behind its end, whole or cut.", "pdf_bytes_after", "They are bytes that the document has already; nothing in it changes."),
    Decision("A PDF without the line that says where its table of objects stands.", "pdf_repaired", "Both readers find the table and all objects without it."),
    Decision("A program for PostScript printers in a PDF that no page, appearance or mask paints.", "pdf_postscript_unused", "No viewer and no printer runs it; old desktop publishing left it behind."),
    Decision("Such a program that something paints.", "pdf_postscript", "A printer's driver would run it."),
    Decision("One page of very many objects, streams, operators or large scans in black and white.", "", "Limits count bytes, pixels and the time that a viewer needs, not objects of a page."),
    Decision("A document inside another (in an instance, a CDA, a PDF) whose label names another type, capitals and parameters aside.", "document_type_differs", "It was examined as what its bytes are. Programs, scripts, web pages and archives are refused under any label."),
    Decision("MR spectroscopy without pixel data.", "", "Spectroscopy Data (5600,0020) is its content; nothing is missing."),
    Decision("A person's name in DICOM JSON as plain text, or empty.", "metadata_name_plain", "The text is the name. Refused, a photograph taken at the bedside is lost for the shape of a field."),
    Decision("DICOM JSON in UTF-16 with its byte order mark.", "metadata_not_utf8", "The mark tells; no character is guessed."),
    Decision("Native DICOM XML, or a CDA in an instance, in UTF-16 with its byte order mark.", "", "XML allows it (XML 1.0 §4.3.3)."),
    Decision("Folded headers of parts, white space behind a boundary.", "", "MIME allows both (RFC 2046 §5.1.1, RFC 822 §3.1.1)."),
    Decision("Parameters of the parts inside the quotes of the type of a Store request.", "", "The type before them is the one that counts."),
    Decision("A slash at the end of an address.", "", "No address differs from another by it; a redirect would lose the body."),
)  # fmt: skip

_SEVERITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


def worst(findings: Iterable[Finding]) -> Outcome:
    """The outcome of a file with these findings; `accept` without any."""
    return max(
        (VERDICTS[f.code].outcome for f in findings), key=_SEVERITY.__getitem__, default=Outcome.ACCEPT
    )


class Inspection(Protocol[F_co]):
    """One look at a file: its facts, and `findings` as they come."""

    findings: list[Finding]

    def run(self) -> F_co:
        """Raises `Rejected`."""


def inspected(inspection: Inspection[F_co]) -> tuple[list[Finding], F_co | None]:
    """Findings and facts; no facts where the file is rejected."""
    facts = None
    try:
        facts = inspection.run()
    except Rejected as rejected:
        inspection.findings.append(rejected.finding)
    if worst(inspection.findings) is Outcome.REJECT:
        facts = None
    return inspection.findings, facts
