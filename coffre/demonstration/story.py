"""The story that the demo plays, step by step, on real files and over HTTP; each step checks its outcome."""

import hashlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pydicom

from client.fetch.documents import OpenedGrant
from client.send.finding import examine
from client.send.verdicts import FileVerdict, Outcome
from coffre.demonstration import data as demo_data
from coffre.demonstration.cast import DOCTOR, EMERGENCY_DOCTOR, Actors
from coffre.demonstration.data import OID, OTHER_PATIENT, PATIENT, PATIENT_INS
from coffre.plaintext_search.search import PlaintextReport, prove_and_search
from records.errors import CoffreError, Refused
from records.vocabulary.person_warnings import OTHER_PERSON

MIB = 1 << 20
REASON = "Patiente inconsciente après un accident, antécédents inconnus"


class StoryError(CoffreError):
    """A step went otherwise than it must."""

    code = "demo_failed"


@dataclass(slots=True)
class Story:
    """What the steps hand on. `desk` is the laboratory's own disk, outside of Coffre."""

    actors: Actors
    data: Path
    desk: Path
    full: bool
    files: dict[str, bytes] = field(default_factory=dict)
    study: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)


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
    patient = story.actors.reader("patient")
    before = patient.list()
    (verdict,) = _deposit(story, "laboratory", [demo_data.mixed_up_ct()], keep=False)
    expect(verdict.outcome is Outcome.QUARANTINED, "Another person's images were not set aside.")
    expect(verdict.code == OTHER_PERSON, "Another person's images were set aside for another reason.")
    expect(patient.list() == before, "Another person's images are in the record.")
    return f"a man born in 1954, in the record of a woman born in 1977: “{_first(verdict.reason)}”"


def doctor_without_authorisation(story: Story) -> str:
    refusal = expect_refused(story.actors.reader("doctor").list, "A doctor without authorisation got in.")
    return f"refused: “{refusal.sentence}”"


def patient_authorises(story: Story) -> str:
    patient = story.actors.reader("patient")
    patient.server.read("POST", f"/records/{patient.record}/authorisations", json={"professional": DOCTOR})
    return f"the doctor {DOCTOR} may consult for one year, from this moment"


def doctor_searches(story: Story) -> str:
    documents = story.actors.reader("doctor").list()
    # the laboratory's own, the largest: real images that FULL=1 adds may be compressed
    scans = [one for one in documents if one["kind"] == "study" and one["modalities"] == ["CT"]]
    story.study = max(scans, key=lambda one: one["instances"])
    story.report = next(one for one in documents if one["kind"] == "document")
    return "\n".join(f"{one['title']} ({one['type_display']})" for one in documents)


def doctor_opens_one_frame(story: Story) -> str:
    grant = story.actors.reader("doctor").grant(studies=[story.study["study_uid"]])
    instances = grant.instances()
    middle = instances[len(instances) // 2]
    before = grant.fetched
    frame = grant.open_frame(middle, 1)
    fetched = grant.fetched - before
    deposited = _by_sop(story)[middle.sop]
    pixels = pydicom.dcmread(io.BytesIO(deposited)).PixelData
    expect(frame == pixels, "The frame differs from the deposited one.")
    total = sum(blob.sealed.ciphertext_size for blob in grant.body.blobs)
    return (
        f"one frame of {len(frame) // 1024} KiB, identical to the deposited one; "
        f"{fetched // 1024} KiB of ciphertext read out of {total // MIB} MiB"
    )


def doctor_opens_everything(story: Story) -> str:
    grant = story.actors.reader("doctor").grant()
    opened = [grant.open_instance(instance) for instance in grant.instances()]
    opened += [grant.open_document(document) for document in grant.body.documents]
    expect(_digests(opened) == _digests(story.files.values()), "What was opened differs from what was sent.")
    return f"{len(opened)} files opened on the doctor's side, each byte-identical to what was deposited"


def patient_masks(story: Story) -> str:
    patient = story.actors.reader("patient")
    path = f"/records/{patient.record}/documents/{story.study['id']}/labels"
    patient.server.read("PUT", path, json=["MASQUE_PS"])
    left = story.actors.reader("doctor").list()
    expect(story.study["id"] not in {one["id"] for one in left}, "The doctor still sees the masked study.")
    expect_refused_or_absent(lambda: story.actors.reader("doctor").grant(studies=[story.study["study_uid"]]))
    return f"the study is masked; the doctor sees {len(left)} documents and is told nothing of it"


def expect_refused_or_absent(work: Callable[[], OpenedGrant]) -> None:
    try:
        work()
    except CoffreError:
        return
    raise StoryError("A masked study was granted.")


def emergency(story: Story) -> str:
    reader = story.actors.reader("emergency", purpose="bris_de_glace", reason=REASON)
    grant = reader.grant(documents=[UUID(story.report["id"])])
    content = grant.open_document(grant.body.documents[0])
    expect(content == story.files["compte-rendu.pdf"], "The report differs.")
    told = "the patient will see it on the next visit"
    return f"doctor {EMERGENCY_DOCTOR} writes “{REASON}” and opens the report; {told}"


def patient_forbids_emergency(story: Story) -> str:
    patient = story.actors.reader("patient")
    path = f"/records/{patient.record}/emergency"
    patient.server.read("PUT", path, json={"bris_de_glace": False, "centre_15": True})
    reader = story.actors.reader("emergency", purpose="bris_de_glace", reason=REASON)
    refusal = expect_refused(reader.grant, "The glass was broken against the patient's will.")
    return f"next attempt refused: “{refusal.sentence}”; the key of that way in no longer exists"


def patient_reads_log(story: Story) -> str:
    patient = story.actors.reader("patient")
    page = patient.server.read("GET", f"/records/{patient.record}/access-log?limit=500")
    lines = [line for line in page["events"] if line["actor"]["role"] == "professional"]
    denied = [line for line in lines if line["outcome"] == "deny"]
    broken = [line for line in lines if line["purpose"] == "bris_de_glace" and line["outcome"] == "permit"]
    expect(bool(denied) and bool(broken), "The access log is not complete.")
    shown = "\n".join(
        f"{line['time'][11:19]}  {line['actor']['rpps']}  {line['action']:9} {line['purpose']:14}"
        f"{line['outcome']}" + (f"  “{line['reason']}”" if "reason" in line else "")
        for line in reversed(lines[:6])
    )
    return f"{len(page['events'])} lines, {len(denied)} refusals among them; the last ones:\n{shown}"


def search_for_plaintext(story: Story) -> str:
    report = search_data(story)
    expect(not report.found, "Something stands in clear in the data directory.")
    return (
        f"{report.files} files, {report.bytes / MIB:.0f} MiB searched at every offset for names, INS, UIDs "
        f"and {report.windows} windows of content: nothing (the planted canary was found)"
    )


def search_data(story: Story) -> PlaintextReport:
    """Search the whole data directory for identity and content, a canary proving that it finds."""
    needles: dict[str, str | bytes] = {
        "family name": PATIENT.family_name,
        "given name": PATIENT.given_name,
        "family name of another person": OTHER_PATIENT.family_name,
        "INS": PATIENT_INS,
        "accession number": demo_data.ACCESSION,
        **{f"token of {name}": token for name, token in story.actors.cast.tokens.items()},
    }
    for content in _by_sop(story).values():
        dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            uid = str(dataset[keyword].value)
            needles[f"{keyword} {hashlib.sha256(uid.encode()).hexdigest()[:8]}"] = uid
    return prove_and_search(story.data, needles, story.files.items())


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


def _by_sop(story: Story) -> dict[str, bytes]:
    found = {}
    for name, content in story.files.items():
        if not name.endswith(".pdf"):
            dataset = pydicom.dcmread(io.BytesIO(content), specific_tags=["SOPInstanceUID"])
            found[str(dataset.SOPInstanceUID)] = content
    return found


def _digests(contents: Any) -> set[bytes]:
    return {hashlib.sha256(content).digest() for content in contents}


def _first(reason: str) -> str:
    return reason.split(". ", maxsplit=1)[0].rstrip(".") + "."


Step = tuple[str, Callable[[Story], str]]
DEPOSITS: tuple[Step, ...] = (
    ("A radiology laboratory deposits a CT study", deposit_ct),
    ("It deposits an ultrasound film", deposit_ultrasound),
    ("A hospital deposits a report", deposit_report),
)
FULL_DEPOSIT: Step = ("Real CT images of other makers", deposit_real_ct)
STORY: tuple[Step, ...] = (
    ("Two bad files are refused, each with its reason", refuse_bad_files),
    ("Images of another person are set aside", set_aside_another_person),
    ("A doctor without authorisation asks", doctor_without_authorisation),
    ("The patient authorises the doctor", patient_authorises),
    ("The doctor searches the record", doctor_searches),
    ("The doctor opens one image, by range", doctor_opens_one_frame),
    ("The doctor opens everything", doctor_opens_everything),
    ("The patient masks the study", patient_masks),
    ("An emergency doctor breaks the glass", emergency),
    ("The patient forbids that mode", patient_forbids_emergency),
    ("The patient reads who did what", patient_reads_log),
)
PLAINTEXT_SEARCH: Step = ("The data directory is searched for anything in clear", search_for_plaintext)
