"""Steps of the demo in which the patient decides, and professionals read what they may."""

import hashlib
import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pydicom

from client.fetch.opened_grant import OpenedGrant
from coffre.demonstration.cast import DOCTOR, EMERGENCY_DOCTOR
from coffre.demonstration.step import MIB, Story, StoryError, by_sop, expect, expect_refused
from records.errors import CoffreError

REASON = "Patiente inconsciente après un accident, antécédents inconnus"


def doctor_without_authorisation(story: Story) -> str:
    refusal = expect_refused(story.actors.reader("doctor").list, "A doctor without authorisation got in.")
    return f"refused: “{refusal.sentence}”"


def patient_authorises(story: Story) -> str:
    patient = story.actors.reader("patient")
    patient.client.read("POST", f"/records/{patient.record}/authorisations", json={"professional": DOCTOR})
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
    deposited = by_sop(story)[middle.sop]
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
    patient.client.read("PUT", path, json=["MASQUE_PS"])
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


def patient_reads_notice(story: Story) -> str:
    patient = story.actors.reader("patient")
    path = f"/records/{patient.record}/notices"
    waiting = patient.client.read("GET", path)["notices"]
    broken = [notice for notice in waiting if notice["kind"] == "bris_de_glace"]
    expect(len(broken) == 1, "The broken glass is not among the patient's notices.")
    read = patient.client.call("DELETE", f"{path}/{broken[0]['id']}")
    expect(read.is_success, "A notice can't be marked as read.")
    left = patient.client.read("GET", path)["notices"]
    expect(broken[0] not in left, "The notice was marked as read and is still shown.")
    kinds = ", ".join(sorted({notice["kind"] for notice in left}))
    return f"it waited on her page, and is marked as read; others that wait: {kinds}"


def patient_forbids_emergency(story: Story) -> str:
    patient = story.actors.reader("patient")
    path = f"/records/{patient.record}/emergency"
    patient.client.read("PUT", path, json={"bris_de_glace": False, "centre_15": True})
    reader = story.actors.reader("emergency", purpose="bris_de_glace", reason=REASON)
    refusal = expect_refused(reader.grant, "The glass was broken against the patient's will.")
    return f"next attempt refused: “{refusal.sentence}”; the key of that way in no longer exists"


def patient_reads_log(story: Story) -> str:
    patient = story.actors.reader("patient")
    page = patient.client.read("GET", f"/records/{patient.record}/access-log?limit=500")
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


def _digests(contents: Any) -> set[bytes]:
    return {hashlib.sha256(content).digest() for content in contents}
