"""Step of the demo in which the patient refuses a document, and who sent it hears of that."""

from client.send.finding import examine
from client.send.verdicts import Outcome
from coffre.demonstration.expecting import expect
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.step import Story

REASON = "Cette consultation n'est pas la mienne"


def patient_refuses(story: Story) -> str:
    path = story.desk / "consultation.pdf"
    path.write_bytes(demo_data.report_pdf() + b"\n% consultation\n%%EOF\n")
    sender = story.actors.sender("hospital")
    verdict = sender.send_pdf(examine(path), type_code="11488-4", title="Compte rendu de consultation")
    expect(verdict.outcome is Outcome.PUBLISHED, "The report was not published.")
    patient, doctor, report = story.actors.patient, story.actors.professional("doctor"), verdict.document
    expect(doctor.sees(report), "The doctor does not see a report that was published.")
    patient.refuse(report, REASON)
    expect(not doctor.sees(report), "The doctor sees what the patient refused.")
    expect(patient.sees(report), "The patient does not see what she refused.")
    told = story.actors.depositor("hospital").read("GET", f"/fhir/DocumentReference/{report}")
    addresses = [each["url"] for each in told.get("extension", [])]
    expect("urn:coffre:extension:refused-by-holder" in addresses, "Who sent it hears nothing of the refusal.")
    expect(REASON not in str(told), "Who sent it is told why.")
    return "nobody but she sees it from that moment on; the hospital hears that it was refused, and not why"
