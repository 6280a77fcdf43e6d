"""Limits of one inspection. Beyond a limit the answer is a verdict, never a longer wait."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one inspection; sizes in bytes, times in seconds."""

    # of the child alone, what a file may cost: ten times what the costliest of 555 real files takes, and a
    # share for its bytes: a sound PDF of 100 000 small objects takes a second a megabyte (docs/scale.md)
    cpu_seconds: int = 8
    cpu_bytes_a_second: int = 1_000_000
    most_cpu_seconds: int = 60
    # against a child that hangs. Waiting for the store is not counted; a machine with five times too much to
    # do still lets a file have its CPU time
    wall_seconds: float = 300.0
    memory_bytes: int = 512 * 2**20  # on top of what the warm interpreter already maps
    answer_bytes: int = 64 * 2**20
    # DICOM
    depth: int = 32  # nested sequences; the deepest object in the standard needs about ten
    elements: int = 3_000_000  # items included; large multi-frame objects have a hundred a frame
    kept_elements: int = 300_000  # beyond, values inside sequences are walked over and left out
    fragments: int = 1_000_000
    value_bytes: int = 2**20  # longer values are not metadata
    inline_bytes: int = 1024  # longer binary values are bulk data
    kept_bytes: int = 8 * 2**20  # of values; beyond, those inside sequences are left out
    metadata_bytes: int = 16 * 2**20  # of values that are not in sequences
    frames: int = 250_000  # addressed one by one; more are fetched with their instance
    decoded_frames: int = 0  # of each instance, decoded as a check; 0: none
    inflated_bytes: int = 256 * 2**20  # deflated transfer syntax
    # PDF
    pdf_bytes: int = 512 * 2**20
    # measured: qpdf needs 1.5 KiB and 20 us for an object, pypdf 110 us; large tagged tables have one a cell
    pdf_objects: int = 300_000
    pdf_objects_twice: int = 200_000  # read by pypdf too; of more, qpdf's reading counts alone
    pdf_depth: int = 150  # of arrays and dictionaries without references between them
    pdf_page_tree: int = 10_000  # nodes above one another
    pdf_decoded_bytes: int = 64 * 2**20  # object streams, forms and attachments together
    pdf_attachments: int = 10_000  # what they may cost together is a matter of bytes
    pdf_attachments_depth: int = 2
    pdf_stream_bytes: int = 256 * 2**20  # one stream expanded, images apart
    pdf_streams_bytes: int = 2**30  # all streams expanded, images apart
    pdf_images_bytes: int = 4 * 2**30  # all images behind Flate and the like; JPEG counts in pixels
    pdf_pixels: int = 2**30  # of one image: a square metre at 800 dots per inch
    pdf_bilevel_pixels: int = 3 * 2**30  # of one image with a bit for each: a plan A0 at 1200 dots per inch

    def cpu_of(self, size: int) -> int:
        """CPU seconds that validating a file of `size` bytes may take."""
        share = self.decoded_frames + size // self.cpu_bytes_a_second
        return min(self.cpu_seconds + share, max(self.most_cpu_seconds, self.cpu_seconds))


DEFAULT_LIMITS = Limits()
