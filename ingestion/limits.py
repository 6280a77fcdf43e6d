"""What one inspection may cost. Beyond a limit the answer is a verdict, never a longer wait."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one inspection; sizes in bytes, times in seconds."""

    wall_seconds: float = 60.0  # the child's own time; waiting for the store is not counted
    cpu_seconds: int = 60
    memory_bytes: int = 512 * 2**20  # on top of what the warm interpreter already maps
    answer_bytes: int = 64 * 2**20
    # DICOM
    depth: int = 32  # nested sequences; the deepest object in the standard needs about ten
    elements: int = 500_000  # items included
    value_bytes: int = 2**20  # longer values are not metadata
    inline_bytes: int = 1024  # longer binary values are bulk data
    metadata_bytes: int = 16 * 2**20  # DICOM JSON of one instance
    frames: int = 250_000
    inflated_bytes: int = 256 * 2**20  # deflated transfer syntax
    # PDF
    pdf_bytes: int = 512 * 2**20
    pdf_objects: int = 200_000
    pdf_depth: int = 64
    pdf_decoded_bytes: int = 64 * 2**20  # object streams, forms and attachments together
    pdf_attachments_depth: int = 2


DEFAULT_LIMITS = Limits()
