"""Every error a caller can meet: a stable code for programs and a sentence that says what to do.

A sentence never holds content, identity or key: it is printed, logged and sent to whoever asked.
"""


class CoffreError(Exception):
    """Root of all errors. `code` is stable and machine-readable, `sentence` is for people."""

    code: str = "internal"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        if code is not None:
            self.code = code


class Refused(CoffreError):  # noqa: N818 - an answer, not a fault
    """The caller is understood and may not do this."""

    code = "refused"


class Invalid(CoffreError):  # noqa: N818
    """A value does not have the form it must have."""

    code = "invalid"


class Conflict(CoffreError):  # noqa: N818
    """The request is well formed and contradicts the present state."""

    code = "conflict"


class NotFound(CoffreError):  # noqa: N818
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"
