"""Step of the demo in which a result is hidden from the patient until a doctor has announced it."""

from client.send.finding import examine
from client.send.verdicts import Outcome
from coffre.demonstration.expecting import expect
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.step import Story
from records.vocabulary.codes import Label

BIOLOGY = "11502-2"


def result_not_yet_announced(story: Story) -> str:
    path = story.desk / "biologie.pdf"
    path.write_bytes(demo_data.report_pdf() + b"\n% biologie\n%%EOF\n")
    sender = story.actors.sender("hospital", Label.INVISIBLE_PATIENT)
    verdict = sender.send_pdf(examine(path), type_code=BIOLOGY, title="Résultat de biologie")
    expect(verdict.outcome is Outcome.PUBLISHED, "The result was not published.")
    patient, doctor, result = story.actors.patient, story.actors.professional("doctor"), verdict.document
    hidden = doctor.sees(result) and not patient.sees(result)
    expect(hidden, "Not the doctor alone sees what is not announced yet.")
    doctor.announce(result)
    expect(patient.sees(result), "The patient does not see what was announced.")
    return (
        "the doctor sees it and the patient does not, until the doctor has announced it in a visit; "
        "without one the patient is told after 14 days and sees it after a month"
    )
