"""Reasons why there is no picture: the codes that a child may answer, and the errors that callers get."""

from collections.abc import Callable, Mapping

from records.errors import CoffreError, Invalid, NotFound

CANNOT_RENDER, NOT_FOUND, TOO_LARGE = "cannot_render", "no_such_frame", "image_too_large"
OUTSIDE, DAMAGED = "region_outside_image", "pixels_not_decodable"
CANNOT_TRANSCODE, NO_VALUE = "cannot_transcode", "no_such_bulkdata"
TABLE_UNKNOWN = "lookup_table_unknown"


class Unpictured(Exception):  # noqa: N818
    """In the child: this instance gives no picture; `code` is one of `FAILURES`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CannotRender(CoffreError):  # noqa: N818
    """The instance is sound and has no form of the kind that was asked for."""

    code = CANNOT_RENDER


class RenderingFailed(CoffreError):  # noqa: N818
    """The pixel data does not decode, or the child was ended over it."""

    code = DAMAGED


class RenderingBusy(CoffreError):  # noqa: N818
    """More pictures are wanted at once than are made. Try again in a moment."""

    code = "rendering_busy"


FAILURES: Mapping[str, Callable[[], CoffreError]] = {
    CANNOT_RENDER: lambda: CannotRender(
        "This object holds no image that can be shown as a picture. Retrieve it as it is stored.",
        code="cannot_render",
    ),
    CANNOT_TRANSCODE: lambda: CannotRender(
        "This object cannot be given in another transfer syntax. Retrieve it as it is stored.",
        code="cannot_transcode",
    ),
    NO_VALUE: lambda: NotFound("The instance has no bulk data at this place.", code="no_such_bulkdata"),
    TABLE_UNKNOWN: lambda: CannotRender(
        "The grays of this image follow a table that is incomplete, or contradicts the rest of it. Retrieve "
        "it as it is stored, and tell whoever sent it.",
        code="lookup_table_unknown",
    ),
    TOO_LARGE: lambda: CannotRender(
        "A frame of this image is too large to be decoded here. Retrieve it as it is stored.",
        code="image_too_large",
    ),
    NOT_FOUND: lambda: NotFound("The image has no frame of this number.", code="no_such_frame"),
    OUTSIDE: lambda: Invalid(
        "The region lies outside of the image. Ask for a region inside of it.", code="region_outside_image"
    ),
    DAMAGED: lambda: RenderingFailed(
        "The image could not be decoded. Retrieve it as it is stored, and tell whoever sent it.",
        code="pixels_not_decodable",
    ),
}


def error_of(code: str) -> CoffreError:
    """The error for a child's code; what is no such code counts as damage."""
    return FAILURES.get(code, FAILURES[DAMAGED])()
