"""Steps of the demo in which the patient decides, and professionals read what they may."""

import hashlib
import io
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pydicom

from client.fetch.opened_grant import OpenedGrant
from coffre.demonstration.expecting import StoryError, expect, expect_refused
from coffre.demonstration.files.data import PATIENT_INS
from coffre.demonstration.people.browser import Page
from coffre.demonstration.people.cast import DOCTOR, EMERGENCY_DOCTOR
from coffre.demonstration.people.visits import FORBIDDEN, said
from coffre.demonstration.step import MIB, Story, by_sop
from records.errors import CoffreError
from records.notices import NoticeKind

REASON = "Patiente inconsciente après un accident, antécédents inconnus"
_STUDY, _IMAGES = "0020000D", "00201208"
_LINE = re.compile(r'<tr class="(?:permit|deny)[^>]*>(.*?)</tr>', re.DOTALL)
_CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
_SHOWN = 6


def doctor_without_authorisation(story: Story) -> str:
    told = story.actors.professional("doctor").ask(PATIENT_INS, FORBIDDEN)
    expect(said("refused.title") in told.text, "A doctor without authorisation got in.")
    return f"refused: “{said('refused.title')}. {said('refused.why')}”"


def patient_authorises(story: Story) -> str:
    asked = story.actors.patient.choose(professional=DOCTOR)
    expect("Paul MARTIN" in asked, "The patient is not told whom she authorises.")
    return f"she reads his name, confirms, and {DOCTOR} may consult for one year, from this moment"


def doctor_searches(story: Story) -> str:
    """The list on the page; and what a viewer searches, in the same session (QIDO-RS)."""
    doctor = story.actors.professional("doctor")
    doctor.ask(PATIENT_INS)
    documents = doctor.documents()
    root = f"/records/{doctor.record}/dicomweb/studies?ModalitiesInStudy=CT"
    studies = doctor.client.read("GET", root, headers={"Accept": "application/dicom+json"})
    # the laboratory's own, the largest: real images that FULL=1 adds may be compressed
    largest = max(studies, key=lambda each: int(each[_IMAGES]["Value"][0]))
    shown = next(one for one in documents if one.title == largest["00081030"]["Value"][0])
    story.study = {
        "id": shown.id,
        "study_uid": largest[_STUDY]["Value"][0],
        "instances": int(largest[_IMAGES]["Value"][0]),
    }
    story.report = {"id": next(one.id for one in documents if one.title.startswith("Compte rendu"))}
    return "\n".join(f"{one.title} ({one.type})" for one in documents)


def doctor_opens_one_frame(story: Story) -> str:
    reader = story.actors.professional("doctor").reader()
    grant = reader.grant(studies=[story.study["study_uid"]])
    instances = grant.instances()
    middle = instances[len(instances) // 2]
    before = grant.fetched
    frame = grant.open_frame(middle, 1)
    fetched = grant.fetched - before
    deposited = by_sop(story)[middle.sop]
    pixels = pydicom.dcmread(io.BytesIO(deposited)).PixelData
    expect(frame == pixels, "The frame differs from the deposited one.")
    total = sum(blob.sealed.ciphertext_size for blob in grant.body.blobs)
    return (
        f"one frame of {len(frame) // 1024} KiB, identical to the deposited one; "
        f"{fetched // 1024} KiB of ciphertext read out of {total // MIB} MiB"
    )


def doctor_opens_everything(story: Story) -> str:
    grant = story.actors.professional("doctor").reader().grant()
    opened = [grant.open_instance(instance) for instance in grant.instances()]
    opened += [grant.open_document(document) for document in grant.body.documents]
    expect(_digests(opened) == _digests(story.files.values()), "What was opened differs from what was sent.")
    return f"{len(opened)} files opened on the doctor's side, each byte-identical to what was deposited"


def patient_masks(story: Story) -> str:
    doctor = story.actors.professional("doctor")
    story.actors.patient.mask(story.study["id"])
    expect(not doctor.sees(story.study["id"]), "The doctor still sees the masked study.")
    expect_refused_or_absent(lambda: doctor.reader().grant(studies=[story.study["study_uid"]]))
    left = len(doctor.documents())
    return f"the study is masked; the doctor sees {left} documents and is told nothing of it"


def expect_refused_or_absent(work: Callable[[], OpenedGrant]) -> None:
    try:
        work()
    except CoffreError:
        return
    raise StoryError("A masked study was granted.")


def emergency(story: Story) -> str:
    visit = story.actors.professional("emergency")
    page = visit.break_glass(REASON, PATIENT_INS)
    expect(REASON in page.text, "The page of an emergency does not say what it is.")
    grant = visit.reader(purpose="bris_de_glace", reason=REASON).grant(documents=[UUID(story.report["id"])])
    content = grant.open_document(grant.body.documents[0])
    expect(content == story.files["compte-rendu.pdf"], "The report differs.")
    told = "the patient will see it on the next visit"
    return f"doctor {EMERGENCY_DOCTOR} writes “{REASON}” and opens the report; {told}"


def patient_reads_notice(story: Story) -> str:
    patient = story.actors.patient
    expect(
        patient.has_notice(NoticeKind.BRIS_DE_GLACE), "The broken glass is not among the patient's notices."
    )
    patient.read_notices()
    left = patient.has_notice(NoticeKind.BRIS_DE_GLACE)
    expect(not left, "The notice was marked as read and is still shown.")
    return "it waited on her page among others; she has read them, and they are shown no more"


def patient_forbids_emergency(story: Story) -> str:
    story.actors.patient.oppose("bris_de_glace")
    reader = story.actors.professional("emergency").reader(purpose="bris_de_glace", reason=REASON)
    refusal = expect_refused(reader.grant, "The glass was broken against the patient's will.")
    return f"next attempt refused: “{refusal.sentence}”; the key of that way in no longer exists"


def patient_reads_log(story: Story) -> str:
    lines = [_line(row) for row in _LINE.findall(story.actors.patient.log().html)]
    denied = [line for line in lines if said("log.deny") in line]
    broken = [line for line in lines if REASON in line and line not in denied]
    expect(bool(denied) and bool(broken), "The access log is not complete.")
    shown = "\n".join(lines[:_SHOWN])
    return f"{len(lines)} lines, {len(denied)} refusals among them; the last ones:\n{shown}"


def _line(row: str) -> str:
    """Hour, who, what, mode and outcome, without what is folded."""
    when, who, what, mode, outcome = (cell.partition("<details")[0] for cell in _CELL.findall(row))
    told = (when.partition("<br>")[2], who.partition("<br>")[2] or who, what, mode, outcome)
    return "  ".join(Page(each).text for each in told)


def _digests(contents: Any) -> set[bytes]:
    return {hashlib.sha256(content).digest() for content in contents}
