"""Step of the demo in which a result is hidden from the patient until a doctor has announced it."""

from client.fetch.documents import FetchClient
from client.send.finding import examine
from client.send.verdicts import Outcome
from coffre.demonstration import data as demo_data
from coffre.demonstration.step import Story, expect
from records.vocabulary.codes import Label

BIOLOGY = "11502-2"


def result_not_yet_announced(story: Story) -> str:
    path = story.desk / "biologie.pdf"
    path.write_bytes(demo_data.report_pdf() + b"\n% biologie\n%%EOF\n")
    sender = story.actors.sender("hospital", Label.INVISIBLE_PATIENT)
    verdict = sender.send_pdf(examine(path), type_code=BIOLOGY, title="Résultat de biologie")
    expect(verdict.outcome is Outcome.PUBLISHED, "The result was not published.")
    patient, doctor = story.actors.reader("patient"), story.actors.reader("doctor")

    def seen(by: FetchClient) -> bool:
        return verdict.document in {one["id"] for one in by.list()}

    expect(seen(doctor) and not seen(patient), "Not the doctor alone sees what is not announced yet.")
    doctor.client.read("POST", f"/records/{doctor.record}/documents/{verdict.document}/announcement")
    expect(seen(patient), "The patient does not see what was announced.")
    return (
        "the doctor sees it and the patient does not, until the doctor has announced it in a visit; "
        "without one the patient is told after 14 days and sees it after a month"
    )
