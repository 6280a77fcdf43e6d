"""Steps of the demo in which stock clients read in clear, which know nothing of Coffre: DICOMweb and FHIR."""

import io
from typing import Any

import httpx
import pydicom

from client.http_client import CoffreClient
from coffre.demonstration.expecting import expect
from coffre.demonstration.step import Story, by_sop

DICOM_JSON = "application/dicom+json"
OCTETS = "application/octet-stream"
JPEG, PDF = "image/jpeg", "application/pdf"
_FRAMES = 3
NO_DOOR = "no door gives a program of a person's own a credential yet: this one is of the demo authority"


def viewer_opens_the_study(story: Story) -> str:
    """QIDO-RS, then WADO-RS, as a viewer asks that opens no grant (PS3.18 sections 10.4 and 10.6): on our own
    origin, in the doctor's session.
    """
    before = _opened_in_clear(story)
    root = f"/records/{story.actors.record}/dicomweb/studies"
    viewer = story.actors.professional("doctor").client
    found = _json(viewer, f"{root}?ModalitiesInStudy=CT&StudyInstanceUID={story.study['study_uid']}")
    expect(len(found) == 1, "A search for the study does not find it alone.")
    study = f"{root}/{_value(found[0], '0020000D')}"
    series = f"{study}/series/{_value(_json(viewer, f'{study}/series')[0], '0020000E')}"
    described = _json(viewer, f"{series}/metadata")
    expect(len(described) == story.study["instances"], "The metadata of the series miss images.")
    sizes = [_frame_size(story, viewer, series, _value(each, "00080018")) for each in described[:_FRAMES]]
    first = f"{series}/instances/{_value(described[0], '00080018')}"
    picture, overview = (_picture(viewer, path) for path in (f"{first}/rendered", f"{series}/thumbnail"))
    expect(
        _opened_in_clear(story) == before + 1, "A study that the gateway opens is not one line in the log."
    )
    return (
        f"found by QIDO-RS, {len(described)} images described; {len(sizes)} frames of {sizes[0] // 1024} KiB "
        f"identical to the deposited ones;\na picture of {picture // 1024} KiB and the series' overview of "
        f"{overview // 1024} KiB, both JPEG; all under one line in the log, which names the gateway"
    )


def doctor_finds_the_report(story: Story) -> str:
    """ITI-67 and ITI-68 of IHE MHD: the report is found by its type, and fetched where its entry says."""
    record, program = story.actors.record, story.actors.program("doctor")
    wanted = "status=current&type=http%3A%2F%2Floinc.org%7C18748-4"
    bundle = _json(
        program, f"/fhir/DocumentReference?patient=Patient/{record}&{wanted}", "application/fhir+json"
    )
    expect(len(bundle.get("entry", [])) == 1, "The search does not find the report alone.")
    attachment = bundle["entry"][0]["resource"]["content"][0]["attachment"]
    report = _answer(program, attachment["url"], PDF).content
    expect(report == story.files["compte-rendu.pdf"], "The report in clear differs from the deposited one.")
    return (
        f"“{attachment['title']}” by its LOINC code, {len(report) // 1024} KiB of PDF as deposited\n{NO_DOOR}"
    )


def _answer(client: CoffreClient, path: str, accept: str) -> httpx.Response:
    answer = client.call("GET", path, headers={"Accept": accept})
    expect(answer.status_code == httpx.codes.OK, f"A stock client is answered {answer.status_code}.")
    return answer


def _json(client: CoffreClient, path: str, accept: str = DICOM_JSON) -> Any:
    return _answer(client, path, accept).json()


def _value(dataset: dict[str, Any], tag: str) -> str:
    return str(dataset[tag]["Value"][0])


def _frame_size(story: Story, viewer: CoffreClient, series: str, sop: str) -> int:
    """Size in bytes of the first frame, which must be the deposited one."""
    frame = _answer(viewer, f"{series}/instances/{sop}/frames/1", OCTETS).content
    deposited = pydicom.dcmread(io.BytesIO(by_sop(story)[sop])).PixelData
    expect(frame == deposited, "A frame in clear differs from the deposited one.")
    return len(frame)


def _picture(viewer: CoffreClient, path: str) -> int:
    """Size in bytes of a JPEG (ITU-T T.81: it begins with SOI and ends with EOI)."""
    content = _answer(viewer, path, JPEG).content
    expect(content[:2] == b"\xff\xd8" and content[-2:] == b"\xff\xd9", "A rendered picture is not a JPEG.")
    return len(content)


def _opened_in_clear(story: Story) -> int:
    """Lines of the patient's log that say that the gateway opened something."""
    patient, record = story.actors.program("patient"), story.actors.record
    page = patient.read("GET", f"/records/{record}/access-log?action=retrieve&limit=500")
    return sum(line.get("opened_by") == "gateway" for line in page["events"])
