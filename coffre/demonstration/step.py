"""One step of the demo: hands on what the next ones need, stops where it goes otherwise than it must."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pydicom

from coffre.demonstration.people.cast import Actors

MIB = 1 << 20


@dataclass(slots=True)
class Story:
    """What the steps hand on. `searched` is where nothing may stand in clear, `desk` the laboratory's own
    disk, outside of Coffre. `stands` says in a sentence where certificates are shown.
    """

    actors: Actors
    data: Path
    searched: Path
    desk: Path
    full: bool
    telephone: Callable[[], str]
    """The next message that comes to the patient's telephone."""
    stands: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    study: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    account: dict[str, str] = field(default_factory=dict)


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
