"""Transfer syntaxes and SOP classes of the standard, and what each means here (PS3.6 table A-1).

pydicom carries the table of its release; what the standard has registered since stands below.
"""

from pydicom._uid_dict import UID_dictionary

IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
DEFLATED, ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.1.98"
DEFLATED_FRAMES = "1.2.840.10008.1.2.8.1"
JPIP_DEFLATED = frozenset(("1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"))
# the whole data set is one deflate stream (PS3.5 §A.5, §A.7, §A.10)
DEFLATED_DATA_SETS = frozenset((DEFLATED, *JPIP_DEFLATED))
NATIVE = frozenset((IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, "1.2.840.10008.1.20"))
# several frames in one code stream: video (PS3.5 §8.2.5 and following), JPEG 2000 part 2 (PS3.5 §A.4.4)
_VIDEO = tuple(f"1.2.840.10008.1.2.4.10{digit}" for digit in range(9))
_MULTI_COMPONENT = ("1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93")

RLE, _IMAGE_CODES = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4."
JPEG_FAMILY = frozenset(f"{_IMAGE_CODES}{number}" for number in (50, 51, 57, 70, 80, 81))
"""JPEG-LS among them."""
JPEG_2000_FAMILY = frozenset(f"{_IMAGE_CODES}{number}" for number in (90, 91, 201, 202, 203))
"""High-throughput JPEG 2000 among them."""
_WITHOUT_MARKER = tuple(f"1.2.840.10008.1.2.4.11{digit}" for digit in range(3))  # JPEG XL

_LATER_SYNTAXES = (
    "1.2.840.10008.1.2.4.110",  # JPEG XL Lossless
    "1.2.840.10008.1.2.4.111",  # JPEG XL JPEG Recompression
    "1.2.840.10008.1.2.4.112",  # JPEG XL
    DEFLATED_FRAMES,
)
_LATER_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.9.100.1",  # Waveform Presentation State
    "1.2.840.10008.5.1.4.1.1.9.100.2",  # Waveform Acquisition Presentation State
    "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
    "1.2.840.10008.5.1.4.1.1.66.8",  # Height Map Segmentation
    "1.2.840.10008.5.1.4.1.1.601.3",  # DICONDE
    "1.2.840.10008.5.1.4.1.1.601.4",
    "1.2.840.10008.5.1.4.1.1.601.5",
)
_NAMELESS_CLASSES = ("1.2.840.10008.5.1.4.1.1.12.77", "1.2.840.10008.5.1.4.1.1.40")  # retired

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
ENCAPSULATED_PDF, ENCAPSULATED_CDA = (
    "1.2.840.10008.5.1.4.1.1.104.1",
    "1.2.840.10008.5.1.4.1.1.104.2",
)
ENCAPSULATED_CLASSES = "1.2.840.10008.5.1.4.1.1.104."
# they describe no patient: PS3.4 §GG.3 and the palette, protocol, hanging, approval, inventory classes
NON_PATIENT = frozenset(
    (
        "1.2.840.10008.5.1.4.38.1",
        "1.2.840.10008.5.1.4.39.1",
        "1.2.840.10008.5.1.4.43.1",
        "1.2.840.10008.5.1.4.44.1",
        "1.2.840.10008.5.1.4.45.1",
        "1.2.840.10008.5.1.4.1.1.200.1",
        "1.2.840.10008.5.1.4.1.1.200.3",
        "1.2.840.10008.5.1.4.1.1.200.7",
        "1.2.840.10008.5.1.4.1.1.201.1",
    )
)

TRANSFER_SYNTAXES = frozenset(
    (*(uid for uid, entry in UID_dictionary.items() if entry[1] == "Transfer Syntax"), *_LATER_SYNTAXES)
)
STORAGE_CLASSES = frozenset(
    (
        *(
            uid
            for uid, (name, kind, *_) in UID_dictionary.items()
            if kind == "SOP Class" and "Storage" in name and "Commitment" not in name
        ),
        *_LATER_CLASSES,
        *_NAMELESS_CLASSES,
    )
)
_IMAGES = frozenset(uid for uid in STORAGE_CLASSES if "Image Storage" in UID_dictionary.get(uid, ("",))[0])


def is_transfer_syntax(uid: str) -> bool:
    return uid in TRANSFER_SYNTAXES


def is_storage_class(uid: str) -> bool:
    """A class of objects to be kept, retired ones included; private classes are none of the standard's."""
    return uid in STORAGE_CLASSES


def is_image_class(uid: str) -> bool:
    """A class whose instances hold pixel data by definition."""
    return uid in _IMAGES


def frames_share_fragments(uid: str) -> bool:
    """Whether one code stream holds many frames, so that fragments cannot be counted against frames."""
    return uid.startswith(_VIDEO) or uid in _MULTI_COMPONENT


def images_end_with_marker(uid: str) -> bool:
    """JPEG, JPEG-LS and JPEG 2000 in all their forms, video and JPEG XL apart."""
    known = uid.startswith(_IMAGE_CODES) and is_transfer_syntax(uid)
    return known and not uid.startswith((*_VIDEO, *_WITHOUT_MARKER))
