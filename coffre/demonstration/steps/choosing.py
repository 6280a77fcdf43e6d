"""Step of the demo in which the patient shows one document to a physiotherapist, and not another."""

from client.send.finding import examine
from client.send.verdicts import Outcome
from coffre.demonstration.expecting import expect
from coffre.demonstration.files import data as demo_data
from coffre.demonstration.people.cast import PHYSIOTHERAPIST
from coffre.demonstration.step import Story

IMAGING, CYTOLOGY = "18748-4", "60568-3"


def patient_chooses(story: Story) -> str:
    shoulder = _deposited(story, "epaule", IMAGING, "Compte rendu d'IRM de l'épaule")
    smear = _deposited(story, "frottis", CYTOLOGY, "Compte rendu de frottis")
    patient, reader = story.actors.patient, story.actors.professional("physiotherapist")
    patient.choose(professional=PHYSIOTHERAPIST, scope="chosen")
    expect(not reader.documents(), "Somebody who is to be shown chosen documents sees others.")
    patient.show(PHYSIOTHERAPIST, shoulder)
    seen = [one.id for one in reader.documents()]
    expect(seen == [shoulder], "Not the chosen document alone is shown.")
    doctor = story.actors.professional("doctor")
    both = doctor.sees(shoulder) and doctor.sees(smear)
    expect(both, "Who is authorised for all does not see both.")
    return (
        f"the physiotherapist {PHYSIOTHERAPIST} sees the report on the shoulder and not the smear test, "
        "nor what arrives tomorrow; the doctor, who is authorised for all, sees both"
    )


def _deposited(story: Story, name: str, type_code: str, title: str) -> str:
    path = story.desk / f"{name}.pdf"
    path.write_bytes(demo_data.report_pdf() + f"\n% {name}\n%%EOF\n".encode())
    verdict = story.actors.sender("hospital").send_pdf(examine(path), type_code=type_code, title=title)
    expect(verdict.outcome is Outcome.PUBLISHED and bool(verdict.document), "A report was not published.")
    return str(verdict.document)
