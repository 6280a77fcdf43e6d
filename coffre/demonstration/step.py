"""One step of the demo: hands on what the next ones need, stops where it goes otherwise than it must."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom

from coffre.demonstration.cast import Actors
from records.errors import CoffreError, Refused

MIB = 1 << 20


class StoryError(CoffreError):
    """A step went otherwise than it must."""

    code = "demo_failed"


@dataclass(slots=True)
class Story:
    """What the steps hand on. `searched` is where nothing may stand in clear, `desk` the laboratory's own
    disk, outside of Coffre.
    """

    actors: Actors
    data: Path
    searched: Path
    desk: Path
    full: bool
    telephone: Callable[[], str]
    """The next message that comes to the patient's telephone."""
    files: dict[str, bytes] = field(default_factory=dict)
    study: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    account: dict[str, str] = field(default_factory=dict)


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


Step = tuple[str, Callable[[Story], str]]
"""A step's title, and what it does: it answers with a sentence on its outcome. Raises `StoryError`."""


def by_sop(story: Story) -> dict[str, bytes]:
    """The deposited DICOM files by their SOP Instance UID."""
    found = {}
    for name, content in story.files.items():
        if not name.endswith(".pdf"):
            dataset = pydicom.dcmread(io.BytesIO(content), specific_tags=["SOPInstanceUID"])
            found[str(dataset.SOPInstanceUID)] = content
    return found
