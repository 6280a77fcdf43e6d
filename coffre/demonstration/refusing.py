"""Step of the demo in which the patient refuses a document, and who sent it hears of that."""

from client.send.finding import examine
from client.send.verdicts import Outcome
from coffre.demonstration import data as demo_data
from coffre.demonstration.step import Story, expect

REASON = "Cette consultation n'est pas la mienne"


def patient_refuses(story: Story) -> str:
    path = story.desk / "consultation.pdf"
    path.write_bytes(demo_data.report_pdf() + b"\n% consultation\n%%EOF\n")
    sender = story.actors.sender("hospital")
    verdict = sender.send_pdf(examine(path), type_code="11488-4", title="Compte rendu de consultation")
    expect(verdict.outcome is Outcome.PUBLISHED, "The report was not published.")
    patient, doctor = story.actors.reader("patient"), story.actors.reader("doctor")
    expect(_shown(verdict.document, doctor.list()), "The doctor does not see a report that was published.")
    refusal = f"/records/{patient.record}/documents/{verdict.document}/refusal"
    patient.client.read("PUT", refusal, json={"reason": REASON})
    expect(not _shown(verdict.document, doctor.list()), "The doctor sees what the patient refused.")
    expect(_shown(verdict.document, patient.list()), "The patient does not see what she refused.")
    told = story.actors.client("hospital").read("GET", f"/fhir/DocumentReference/{verdict.document}")
    addresses = [each["url"] for each in told.get("extension", [])]
    expect("urn:coffre:extension:refused-by-holder" in addresses, "Who sent it hears nothing of the refusal.")
    expect(REASON not in str(told), "Who sent it is told why.")
    return "nobody but she sees it from that moment on; the hospital hears that it was refused, and not why"


def _shown(document: str | None, documents: list[dict[str, object]]) -> bool:
    return document in {each["id"] for each in documents}
