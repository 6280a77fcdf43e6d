"""Step of the demo in which a surgeon records the patient's consent for a care team, and she ends it."""

from coffre.demonstration.expecting import expect
from coffre.demonstration.files.data import PATIENT_INS
from coffre.demonstration.people.cast import NURSE, SURGEON
from coffre.demonstration.step import Story
from records.notices import NoticeKind


def care_team(story: Story) -> str:
    patient, surgeon = story.actors.patient, story.actors.professional("surgeon")
    team = [surgeon, story.actors.professional("nurse")]
    for each in team:
        each.refused()
    surgeon.record_consent(NURSE, PATIENT_INS)
    seen = [len(each.documents()) for each in team]
    expect(all(seen), "A member of the team does not read what the patient consented to.")
    told = patient.has_notice(NoticeKind.CONSENT_RECORDED)
    expect(told, "The patient was not told that a consent was recorded.")
    patient.end_team()
    for each in team:
        each.refused()
    return (
        f"the surgeon {SURGEON} writes down what she said in the visit, for the nurse {NURSE} too; her page "
        "tells her of it at once; she ends it, and neither reads any more"
    )
