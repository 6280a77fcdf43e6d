"""One comparison of traits on every path to a record: who named the record changes nothing.

Each path x {the same person, one difference, two} x COFFRE_IDENTITY_CHECK; then jobs, which move nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from coffre.cli import app
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.identity import INS_NIR_TEST, Traits
from records.people.traits import IdentityCheck
from records.vocabulary.person_warnings import PERSON_WARNINGS
from tests.integration.operators import Operators, answer_of, command, soon
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer, document_reference, serving

WOMAN = Traits("DURAND", "Jeanne Marie", "1965-03-09", "F")
PEOPLE: dict[str, tuple[Traits, list[str]]] = {
    "same": (WOMAN, []),
    "one": (Traits("DURAND", "Jeanne Marie", "1965-03-09", "M"), ["other_sex"]),
    "two": (Traits("DURAND", "Jeanne Marie", "1940-06-17", "M"), ["other_birth_date", "other_sex"]),
}
SETS_ASIDE = {("usual", "two"), ("strict", "one"), ("strict", "two")}
PDF = demo_data.report_pdf()
ANOTHER_PATIENTS = "113037"


@dataclass(frozen=True)
class Running:
    """A Coffre with its check, a laboratory's credential, a folder for what `coffre send` reads."""

    check: str
    coffre: Coffre
    lab: str
    folder: Path

    def sent(self, content: bytes, *record: str) -> dict[str, Any]:
        """By `coffre send`: how it ended and what it printed."""
        (self.folder / "token").write_text(self.lab)
        (self.folder / "image.dcm").write_bytes(content)
        to = ("--to", self.coffre.url, "--token-file", str(self.folder / "token"), *record)
        done = CliRunner().invoke(
            app, ["send", str(self.folder / "image.dcm"), *to, "--json"], env={"COLUMNS": "400"}
        )
        return {"exit": done.exit_code, "told": done.output}

    def stowed(self, content: bytes, record: str | None = None) -> dict[str, Any]:
        return self._part(self.lab, self.coffre.stow(self.lab, [content], record))

    def published(self, resource: dict[str, Any]) -> dict[str, Any]:
        hospital = self.coffre.depositor(HOSPITAL)
        answer = self.coffre.http.post("/fhir/DocumentReference", json=resource, headers=bearer(hospital))
        return self._part(hospital, answer)

    def _part(self, token: str, answer: Any) -> dict[str, Any]:
        (part,) = self.coffre.submission(token, answer)["parts"]
        return part  # type: ignore[no-any-return]


@pytest.fixture(scope="module", params=[each.value for each in IdentityCheck])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp(request.param)
    initialise(load(data=folder / "data"))
    with serving(folder / "data", COFFRE_IDENTITY_CHECK=request.param) as coffre:
        yield Running(request.param, coffre, coffre.depositor(), folder)


@pytest.fixture
def woman(running: Running) -> Patient:
    return running.coffre.open_record(traits=WOMAN)


def image(ins: str, traits: Traits, *, local: bool) -> bytes:
    """One image with these traits; a local number instead of the INS where `local`."""
    ((_, content),) = demo_data.ct_study(ins, INS_NIR_TEST, slices=1, size=16, traits=traits)
    dataset = dcmread(BytesIO(content))
    if local:
        dataset.PatientID = "LOCAL-1"
        del dataset.IssuerOfPatientID, dataset.IssuerOfPatientIDQualifiersSequence
    return written(dataset)


def written(dataset: Dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def report_with_cda(ins: str, traits: Traits) -> bytes:
    """A CDA in an instance whose header names nobody."""
    document = (
        '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole>'
        f'<id root="{INS_NIR_TEST}" extension="{ins}"/><patient><name><given>{traits.given_name}</given>'
        f'<family qualifier="BR">{traits.family_name}</family></name>'
        f'<administrativeGenderCode code="{traits.sex}"/>'
        f'<birthTime value="{traits.birth_date.replace("-", "")}"/>'
        "</patient></patientRole></recordTarget></ClinicalDocument>"
    ).encode()
    dataset = dcmread(BytesIO(image(ins, traits, local=True)))
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(dataset, keyword)
    for keyword in ("PatientName", "PatientBirthDate", "PatientSex"):
        setattr(dataset, keyword, "")
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.2"
    dataset.MIMETypeOfEncapsulatedDocument = "text/XML"
    dataset.EncapsulatedDocument = document + b" " * (len(document) % 2)
    return written(dataset)


def contained(traits: Traits, name: str, *identifiers: dict[str, str]) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": name,
        "identifier": list(identifiers),
        "name": [{"use": "official", "family": traits.family_name, "given": traits.given_name.split()}],
        "birthDate": traits.birth_date,
        "gender": {"F": "female", "M": "male"}[traits.sex],
    }


def by_ins(running: Running, woman: Patient, traits: Traits) -> dict[str, Any]:
    return running.stowed(image(woman.ins, traits, local=True), woman.ins)


def by_public_id(running: Running, woman: Patient, traits: Traits) -> dict[str, Any]:
    return running.stowed(image(woman.ins, traits, local=True), str(woman.public_id))


def by_content(running: Running, woman: Patient, traits: Traits) -> dict[str, Any]:
    return running.stowed(image(woman.ins, traits, local=False))


def by_cda(running: Running, woman: Patient, traits: Traits) -> dict[str, Any]:
    return running.stowed(report_with_cda(woman.ins, traits))


def by_subject(running: Running, woman: Patient, traits: Traits) -> dict[str, Any]:
    resource = document_reference(woman.ins, PDF) | {
        "contained": [contained(traits, "p")],
        "context": {"sourcePatientInfo": {"reference": "#p"}},
    }
    return running.published(resource)


def by_contained_patient(running: Running, woman: Patient, traits: Traits) -> dict[str, Any]:
    identified = contained(traits, "p", {"system": f"urn:oid:{INS_NIR_TEST}", "value": woman.ins})
    resource = document_reference(woman.ins, PDF) | {
        "contained": [identified],
        "subject": {"reference": "#p"},
    }
    return running.published(resource)


def by_two_patients(running: Running, woman: Patient, traits: Traits) -> dict[str, Any]:
    """One has the INS and nothing else, the other the traits."""
    bare = {
        "resourceType": "Patient",
        "id": "bare",
        "identifier": [{"system": f"urn:oid:{INS_NIR_TEST}", "value": woman.ins}],
    }
    resource = document_reference(woman.ins, PDF) | {
        "contained": [bare, contained(traits, "p")],
        "subject": {"reference": "#bare"},
        "context": {"sourcePatientInfo": {"reference": "#p"}},
    }
    return running.published(resource)


DEPOSITS: list[Callable[[Running, Patient, Traits], dict[str, Any]]] = [
    by_ins,
    by_public_id,
    by_content,
    by_cda,
    by_subject,
    by_contained_patient,
    by_two_patients,
]


def admitted(woman: Patient, codes: list[str]) -> None:
    """In the record with its warnings, which the line of its deposit has too."""
    (document,) = woman.documents()
    assert [each["code"] for each in document["cautions"]] == codes
    (line,) = (line for line in woman.log() if line["action"] == "deposit")
    assert line.get("differing", "") == ", ".join(codes)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("deposit", DEPOSITS, ids=lambda deposit: deposit.__name__)
def test_a_deposit(
    running: Running, woman: Patient, person: str, deposit: Callable[[Running, Patient, Traits], Any]
) -> None:
    traits, codes = PEOPLE[person]
    part = deposit(running, woman, traits)
    if (running.check, person) in SETS_ASIDE:
        assert (part["outcome"], part["code"]) == ("quarantined", "other_person")
        assert woman.documents() == []
        return
    assert (part["outcome"], part["code"]) == ("published", (codes or ["published"])[0])
    admitted(woman, codes)


@pytest.mark.parametrize("person", PEOPLE)
def test_coffre_send(running: Running, woman: Patient, person: str) -> None:
    traits, codes = PEOPLE[person]
    done = running.sent(image(woman.ins, traits, local=True), "--record", woman.ins)
    if (running.check, person) in SETS_ASIDE:
        assert "other_person" in done["told"]
        assert woman.documents() == []
        return
    assert done["exit"] == 0, done["told"]
    admitted(woman, codes)


def test_coffre_send_without_a_record_sends_nothing(running: Running, woman: Patient) -> None:
    done = running.sent(image(woman.ins, WOMAN, local=False))
    assert (done["exit"], "--record" in done["told"]) == (2, True)
    assert woman.documents() == []


@pytest.mark.parametrize("person", PEOPLE)
def test_a_release_of_what_named_nobody(running: Running, woman: Patient, person: str) -> None:
    """Operators overrule what they were told: the first release says what differs, the next one is theirs."""
    traits, codes = PEOPLE[person]
    operators = Operators(running.coffre, running.folder)
    answer = running.coffre.stow(running.lab, [image(woman.ins, traits, local=True)])
    submission = running.coffre.submission(running.lab, answer)
    (item,) = operators.items_of(submission["id"])
    assert item["code"] == "no_ins"

    def job() -> dict[str, Any]:
        return operators.get("anne", f"/{item['id']}").json()  # type: ignore[no-any-return]

    def release() -> None:
        for name in ("anne", "bruno"):
            asked = operators.post(name, f"/{item['id']}/release", record=woman.ins)
            assert asked.status_code == 200, asked.text

    release()
    if (running.check, person) in SETS_ASIDE:
        soon(lambda: job()["job"]["state"] == "refused")
        assert job()["refusal"]["code"] == "other_person"
        assert "sexe" in job()["refusal"]["reason"]
        assert woman.documents() == []
        operators.post("anne", f"/{item['id']}/release", record=woman.ins)
        assert job()["job"]["state"] == "proposed"
        assert job()["refusal"]["code"] == "other_person"  # whoever agrees reads it
        operators.post("bruno", f"/{item['id']}/release", record=woman.ins)
    soon(lambda: bool(woman.documents()))
    admitted(woman, codes)
    (part,) = running.coffre.submission(running.lab, answer)["parts"]
    assert part["code"] == "released"
    assert all(PERSON_WARNINGS[code][0] in part["reason"] for code in codes)


def test_what_was_told_of_one_record_overrules_nothing_in_another(coffre: Coffre, tmp_path: Path) -> None:
    woman = coffre.open_record(traits=WOMAN)
    man = coffre.open_record(traits=Traits("PETIT", "Paul", "1965-03-09", "M"))
    lab, operators = coffre.depositor(), Operators(coffre, tmp_path)
    answer = coffre.stow(lab, [image(woman.ins, PEOPLE["two"][0], local=True)], woman.ins)
    (item,) = operators.items_of(coffre.submission(lab, answer)["id"])
    assert item["code"] == "other_person"
    for name in ("anne", "bruno"):
        operators.post(name, f"/{item['id']}/release", record=man.ins)
    soon(lambda: "refusal" in operators.get("anne", f"/{item['id']}").json())
    refusal = operators.get("anne", f"/{item['id']}").json()["refusal"]
    assert refusal["code"] == "other_person"
    assert "(nom de famille, date de naissance, premier prénom)" in refusal["reason"]
    assert man.documents() == []


def test_jobs_keep_content_and_warnings_in_their_record(coffre: Coffre) -> None:
    """Compaction, and withdrawal of one instance: the same study lies in another record too."""
    lab = coffre.depositor()
    woman, twin = (coffre.open_record(traits=WOMAN) for _ in range(2))
    each = dcmread(BytesIO(image(woman.ins, PEOPLE["one"][0], local=True)))
    for _ in range(2):
        each.SOPInstanceUID = each.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        for patient in (woman, twin):
            answer = coffre.stow(lab, [written(each)], patient.ins)
            assert coffre.submission(lab, answer)["parts"][0]["code"] == "other_sex"
    (before,), (others,) = woman.documents(), twin.documents()
    assert [caution["code"] for caution in before["cautions"]] == ["other_sex"]
    done = command(coffre, "compact", "--record", woman.ins, "--quiet-for", "0", "--json")
    assert answer_of(done)["compacted"] == 1
    named = ["--record", woman.ins, "--study", each.StudyInstanceUID, "--instance", each.SOPInstanceUID]
    gone = command(coffre, "withdraw", *named, "--code", ANOTHER_PATIENTS, "--yes", "--json")
    assert answer_of(gone)["state"] == "done"
    (after,) = woman.documents()
    assert (after["id"], after["cautions"]) == (before["id"], before["cautions"])
    assert (before["instances"], after["instances"]) == (2, 1)
    assert twin.documents() == [others]
