"""The last step of the demo: nothing of what was deposited stands in clear in the data directory."""

import hashlib
import io

import pydicom

from coffre.demonstration.expecting import expect
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.files.data import OTHER_PATIENT, PATIENT, PATIENT_INS
from coffre.demonstration.step import MIB, Story, by_sop
from coffre.plaintext_search.search import PlaintextReport, prove_and_search


def search_for_plaintext(story: Story) -> str:
    report = search_data(story)
    expect(not report.found, "Something stands in clear in the data directory.")
    return (
        f"{report.files} files, {report.bytes / MIB:.0f} MiB searched at every offset for names, INS, UIDs, "
        f"the account and {report.windows} windows of content: nothing (the planted canary was found)"
    )


def search_data(story: Story) -> PlaintextReport:
    """Search the whole data directory for identity and content, a canary proving that it finds."""
    needles: dict[str, str | bytes] = {
        "family name": PATIENT.family_name,
        "given name": PATIENT.given_name,
        "family name of another person": OTHER_PATIENT.family_name,
        "INS": PATIENT_INS,
        "accession number": demo_data.ACCESSION,
        **story.account,
        **story.actors.secrets(),
    }
    for content in by_sop(story).values():
        dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            uid = str(dataset[keyword].value)
            needles[f"{keyword} {hashlib.sha256(uid.encode()).hexdigest()[:8]}"] = uid
    return prove_and_search(story.searched, needles, story.files.items())
