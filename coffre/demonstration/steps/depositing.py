"""Steps of the demo in which files are deposited, refused and set aside."""

import io
import warnings
from pathlib import Path

import pydicom

from client.send.finding import examine
from client.send.verdicts import FileVerdict, Outcome
from coffre.demonstration.expecting import expect
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.files.data import OID, PATIENT_INS
from coffre.demonstration.step import MIB, Story
from records.vocabulary.person_warnings import OTHER_PERSON


def deposit_ct(story: Story) -> str:
    files = list(demo_data.ct_study(PATIENT_INS, OID))
    verdicts = _deposit(story, "laboratory", files)
    expect(all(one.outcome is Outcome.PUBLISHED for one in verdicts), "A CT slice was not published.")
    size = sum(len(content) for _, content in files)
    return f"{len(files)} slices of 512 × 512, {size / MIB:.0f} MiB: validated, sealed, published"


def deposit_real_ct(story: Story) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on old files, which are taken as they are
        files = list(demo_data.real_ct_files(PATIENT_INS, OID))
    expect(bool(files), "The package pydicom-data holds no 512 × 512 CT: run make demo FULL=1.")
    verdicts = _deposit(story, "laboratory", files)
    expect(all(one.outcome is Outcome.PUBLISHED for one in verdicts), "A real CT was not published.")
    return f"{len(files)} real CT images of 512 × 512 from several devices: published"


def deposit_ultrasound(story: Story) -> str:
    name, content = demo_data.ultrasound(PATIENT_INS, OID)
    (verdict,) = _deposit(story, "laboratory", [(name, content)])
    expect(verdict.outcome is Outcome.PUBLISHED, "The ultrasound was not published.")
    frames = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True).NumberOfFrames
    return f"a real film of {frames} frames, {len(content) / MIB:.1f} MiB: published"


def deposit_report(story: Story) -> str:
    (verdict,) = _deposit(story, "hospital", [("compte-rendu.pdf", demo_data.report_pdf())])
    expect(verdict.outcome is Outcome.PUBLISHED, "The report was not published.")
    return "a PDF report with French accents: published"


def refuse_bad_files(story: Story) -> str:
    truncated = _deposit(story, "laboratory", [("tronque.dcm", demo_data.truncated_dicom())], keep=False)[0]
    scripted = _deposit(story, "hospital", [("script.pdf", demo_data.javascript_pdf())], keep=False)[0]
    for verdict in (truncated, scripted):
        expect(verdict.outcome is Outcome.REJECTED, "A bad file was not refused.")
    return f"truncated DICOM: “{_first(truncated.reason)}”\nPDF with a script: “{_first(scripted.reason)}”"


def set_aside_another_person(story: Story) -> str:
    patient = story.actors.patient
    before = patient.documents()
    (verdict,) = _deposit(story, "laboratory", [demo_data.mixed_up_ct()], keep=False)
    expect(verdict.outcome is Outcome.QUARANTINED, "Another person's images were not set aside.")
    expect(verdict.code == OTHER_PERSON, "Another person's images were set aside for another reason.")
    expect(patient.documents() == before, "Another person's images are in the record.")
    return f"a man born in 1954, in the record of a woman born in 1977: “{_first(verdict.reason)}”"


def _deposit(
    story: Story, who: str, files: list[tuple[str, bytes]], *, keep: bool = True
) -> list[FileVerdict]:
    """Write files to the depositor's own disk and send them as `coffre send` does."""
    paths = []
    for name, content in files:
        path = story.desk / Path(name).name
        path.write_bytes(content)
        paths.append(path)
        if keep:
            story.files[path.name] = content
    found = [examine(path) for path in paths]
    sender = story.actors.sender(who)
    if found[0].path.suffix == ".pdf":
        return [sender.send_pdf(found[0], type_code="18748-4", title="Compte rendu de scanner thoracique")]
    return sender.send_dicom(found)


def _first(reason: str) -> str:
    return reason.split(". ", maxsplit=1)[0].rstrip(".") + "."
