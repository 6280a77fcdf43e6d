"""Step of the demo in which a surgeon records the patient's consent for a care team, and she ends it."""

from typing import Any
from uuid import uuid4

from coffre.demonstration.cast import NURSE, SURGEON
from coffre.demonstration.step import Story, expect, expect_refused
from records.notices import NoticeKind


def care_team(story: Story) -> str:
    patient = story.actors.reader("patient")
    team = [story.actors.reader(name) for name in ("surgeon", "nurse")]
    for reader in team:
        expect_refused(reader.list, "Somebody read before the patient consented.")
    recorded = _recorded(story)
    seen = [len(reader.list()) for reader in team]
    expect(all(seen), "A member of the team does not read what the patient consented to.")
    notices = patient.client.read("GET", f"/records/{patient.record}/notices")["notices"]
    told = [each["kind"] for each in notices]
    expect(NoticeKind.CONSENT_RECORDED in told, "The patient was not told that a consent was recorded.")
    patient.client.call("DELETE", f"/records/{patient.record}/teams/{recorded['team']}").raise_for_status()
    for reader in team:
        expect_refused(reader.list, "A team that the patient ended still reads.")
    return (
        f"the surgeon {SURGEON} writes down what she said in the visit, for the nurse {NURSE} too; her page "
        "tells her of it at once; she ends it, and neither reads any more"
    )


def _recorded(story: Story) -> dict[str, Any]:
    """By the record's public id, which she shows: who has no right yet cannot find it."""
    body = {
        "request": str(uuid4()),
        "how": "spoken",
        "name": "Opération du genou",
        "members": [NURSE],
    }
    path = f"/records/{story.actors.cast.record}/consents"
    found: dict[str, Any] = story.actors.client("surgeon").read("POST", path, json=body)
    return found
