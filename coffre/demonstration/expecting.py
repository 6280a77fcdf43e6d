"""The end of a demo that goes otherwise than it must."""

from collections.abc import Callable

from records.errors import CoffreError, Refused


class StoryError(CoffreError):
    """A step went otherwise than it must."""

    code = "demo_failed"


def expect(truth: bool, sentence: str) -> None:
    if not truth:
        raise StoryError(sentence)


def expect_refused(work: Callable[[], object], sentence: str) -> Refused:
    """The work must be refused; answers the refusal."""
    try:
        work()
    except Refused as error:
        return error
    raise StoryError(sentence)
