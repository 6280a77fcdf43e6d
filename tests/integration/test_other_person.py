"""The wrong person: what happens to content whose traits are not those of the record it comes to."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from typer.testing import CliRunner

from coffre.cli import app
from coffre.demonstration.files import data as demo_data
from coffre.installation.install import initialise
from coffre.settings import load
from records.people.identity import INS_NIR_TEST, Traits
from records.vocabulary.person_warnings import PERSON_WARNINGS
from tests.integration.operators import Operators, soon
from tests.integration.pages import Browser
from tests.integration.support import HOSPITAL, Coffre, Patient, bearer, document_reference
from tests.services.warm import WarmServer

WOMAN = Traits("DURAND", "Jeanne Marie", "1965-03-09", "F")
MAN = {"PatientName": "NOËL-GARÇON^Barthélemy", "PatientBirthDate": "19400617", "PatientSex": "M"}
PDF = demo_data.report_pdf()


@pytest.fixture(scope="module")
def lab(coffre: Coffre) -> str:
    return coffre.depositor()


@pytest.fixture
def woman(coffre: Coffre) -> Patient:
    return coffre.open_record(traits=WOMAN)


@pytest.fixture
def operators(coffre: Coffre, tmp_path: Path) -> Operators:
    return Operators(coffre, tmp_path)


def image(patient: Patient, *, local: bool = True, **attributes: Any) -> bytes:
    """One image of the woman, with other attributes; `local` numbers her as a laboratory does."""
    ((_, content),) = demo_data.ct_study(patient.ins, INS_NIR_TEST, slices=1, size=16, traits=WOMAN)
    dataset = dcmread(BytesIO(content))
    if local:
        dataset.PatientID = "LOCAL-1"
        del dataset.IssuerOfPatientID, dataset.IssuerOfPatientIDQualifiersSequence
    return written(dataset, **attributes)


def written(dataset: Dataset, **attributes: Any) -> bytes:
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def deposit(coffre: Coffre, token: str, content: bytes, ins: str | None) -> dict[str, Any]:
    (part,) = coffre.submission(token, coffre.stow(token, [content], ins))["parts"]
    return part  # type: ignore[no-any-return]


class TestSetAside:
    @pytest.mark.parametrize("by_address", [True, False])
    def test_images_of_a_man_born_in_1940_in_the_record_of_a_woman_born_in_1965(
        self, coffre: Coffre, lab: str, woman: Patient, by_address: bool
    ) -> None:
        """By the INS of the address, and by an INS that somebody typed into the images themselves."""
        content = image(woman, local=by_address, **MAN)
        answer = coffre.stow(lab, [content], woman.ins if by_address else None)
        assert answer.status_code == 409
        (item,) = answer.json()["00081198"]["Value"]
        assert item["00081197"]["Value"] == [0xA900]  # data set does not match: PS3.18 table I.2-2
        assert item["00000902"]["Value"][0].startswith("other_person: Ce document ne porte pas l'identite")
        told = coffre.submission(lab, answer)
        assert told["state"] == "quarantined"
        (part,) = told["parts"]
        assert (part["outcome"], part["code"]) == ("quarantined", "other_person")
        assert "(nom de famille, date de naissance, sexe, premier prénom)" in part["reason"]
        assert "(family name, birth date, sex, first name)" in part["reason"]
        assert not any(value in str(part) for value in ("DURAND", "GARÇON", "1940", "1965"))
        assert woman.documents() == []

    def test_two_operators_who_know_better_release_it_and_the_warnings_stay(
        self, coffre: Coffre, lab: str, woman: Patient, operators: Operators
    ) -> None:
        answer = coffre.stow(lab, [image(woman, PatientBirthDate="19400617", PatientSex="M")], woman.ins)
        (item,) = operators.items_of(coffre.submission(lab, answer)["id"])
        assert item["code"] == "other_person"
        for name in ("anne", "bruno"):
            assert operators.post(name, f"/{item['id']}/release", record=woman.ins).status_code == 200
        soon(lambda: bool(woman.documents()))
        (document,) = woman.documents()
        assert [each["code"] for each in document["cautions"]] == ["other_birth_date", "other_sex"]


class TestOneDifference:
    @pytest.mark.parametrize(
        ("attributes", "codes"),
        [
            ({"PatientName": "PETIT^Jeanne"}, ["other_family_name"]),
            ({"PatientName": "PETIT^Marie"}, ["other_family_name", "other_first_name"]),
            ({"PatientBirthDate": "19650310"}, ["other_birth_date"]),
            ({"PatientSex": "M"}, ["other_sex"]),
            ({"PatientName": "DURAND^Sophie"}, ["other_first_name"]),  # a twin
        ],
    )
    def test_sender_doctor_and_patient_are_told_in_words(
        self, coffre: Coffre, lab: str, woman: Patient, attributes: dict[str, str], codes: list[str]
    ) -> None:
        part = deposit(coffre, lab, image(woman, **attributes), woman.ins)
        assert (part["outcome"], part["code"]) == ("published", codes[0])
        woman.authorise()
        doctor = coffre.professional()
        seen = coffre.http.get(f"/records/{woman.ins}/documents", headers=bearer(doctor)).json()["documents"]
        for (document,) in (woman.documents(), seen):
            assert [each["code"] for each in document["cautions"]] == codes
            for each in document["cautions"]:
                assert (each["fr"], each["en"]) == PERSON_WARNINGS[each["code"]]
                assert each["fr"] in part["reason"]
                assert each["en"] in part["reason"]

    def test_the_pages_say_it_before_anything_else_and_call_it_no_repair(
        self, coffre: Coffre, lab: str, woman: Patient
    ) -> None:
        content = image(woman, PatientSex="M")
        deposit(coffre, lab, b"II*\x00" + content[4:], woman.ins)
        woman.authorise()
        holder = Browser(coffre).sign_in(woman.token).get("/")
        doctor = Browser(coffre).sign_in(coffre.professional())
        record = doctor.submit(doctor.get("/").form("/dossier"), ins=woman.ins)
        for page in (holder, record):
            assert "Le sexe inscrit dans ce document n'est pas celui du dossier" in page.text
            assert "sans gravité" not in page.text
        assert "(preamble_not_zero)" in record.text

    def test_a_repair_of_the_file_is_told_after_it(self, coffre: Coffre, lab: str, woman: Patient) -> None:
        part = deposit(coffre, lab, b"II*\x00" + image(woman, PatientSex="M")[4:], woman.ins)
        french, english = PERSON_WARNINGS["other_sex"]
        assert part["code"] == "other_sex"
        assert part["reason"].startswith(f"{french} {english} The preamble")

    def test_the_same_bytes_again_are_told_again(self, coffre: Coffre, lab: str, woman: Patient) -> None:
        content = image(woman, PatientSex="M")
        first, again = (deposit(coffre, lab, content, woman.ins) for _ in range(2))
        assert (again["outcome"], again["code"]) == ("duplicate", "other_sex")
        assert again["document"] == first["document"]

    def test_coffre_send_prints_it(self, coffre: Coffre, lab: str, woman: Patient, tmp_path: Path) -> None:
        (tmp_path / "token").write_text(lab)
        (tmp_path / "image.dcm").write_bytes(image(woman, PatientSex="M"))
        to = ("--record", woman.ins, "--to", coffre.url, "--token-file", str(tmp_path / "token"))
        done = CliRunner().invoke(app, ["send", str(tmp_path / "image.dcm"), *to], env={"COLUMNS": "400"})
        assert done.exit_code == 0, done.output
        assert "other_sex: Le sexe inscrit dans ce document n'est pas celui du dossier" in done.output


class TestSamePerson:
    @pytest.mark.parametrize(
        "attributes",
        [
            {},
            {"PatientName": "Durand^JEANNE^Marie"},
            {"PatientName": "MARTIN^Jeanne", "PatientBirthName": "DURAND^Jeanne"},
            {"PatientName": "DURAND-MARTIN^Jeanne"},
            {"PatientName": "", "PatientBirthDate": "", "PatientSex": ""},
            {"PatientSex": "O"},
            {"PatientName": "DURAND^Jeanne=山田^花子"},
        ],
    )
    def test_nothing_is_said(
        self, coffre: Coffre, lab: str, woman: Patient, attributes: dict[str, str]
    ) -> None:
        part = deposit(coffre, lab, image(woman, **attributes), woman.ins)
        assert part["code"] == "published"
        assert woman.documents()[0]["cautions"] == []

    @pytest.mark.parametrize("date", [b"19650300", b"19650000", b"1965.03.09", b"1965"])
    def test_a_birth_date_known_in_part_or_in_the_retired_form(
        self, coffre: Coffre, lab: str, woman: Patient, date: bytes
    ) -> None:
        content = image(woman)
        dataset = dcmread(BytesIO(content))
        short = date.ljust(len(date) + len(date) % 2)
        old = b"DA" + len("19650309").to_bytes(2, "little") + b"19650309"
        assert content.count(old) == 1
        replaced = content.replace(old, b"DA" + len(short).to_bytes(2, "little") + short)
        assert dataset.PatientBirthDate == "19650309"
        assert deposit(coffre, lab, replaced, woman.ins)["outcome"] == "published"
        assert woman.documents()[0]["cautions"] == []

    def test_a_ligature_against_two_letters(self, coffre: Coffre, lab: str) -> None:
        helene = coffre.open_record(traits=Traits("LEBOEUF", "Helene", "1980-05-02", "F"))
        named = {"PatientName": "LEBŒUF^Hélène", "PatientBirthDate": "19800502"}
        assert deposit(coffre, lab, image(helene, **named), helene.ins)["code"] == "published"


@pytest.mark.parametrize("declared", ["ISO_IR 100", "ISO_IR 6", None])
def test_utf_8_under_another_character_set_is_shown_right_and_is_the_same_person(
    coffre: Coffre, lab: str, declared: str | None
) -> None:
    eleonore = coffre.open_record()
    ((_, content),) = demo_data.ct_study(eleonore.ins, INS_NIR_TEST, slices=1, size=16)
    name = "LEFÈVRE-MÛRIER^Éléonore".encode()
    assert name in content
    charset = f"CS\x0a\0{'ISO_IR 192'}".encode()
    assert charset in content
    wrong = (declared or "").ljust(10).encode()
    part = deposit(coffre, lab, content.replace(charset, b"CS\x0a\0" + wrong), eleonore.ins)
    assert (part["outcome"], part["code"]) == ("published", "character_set_differs")
    assert eleonore.documents()[0]["cautions"] == []
    (study,) = eleonore.call("GET", "/dicomweb/studies").json()
    assert study["00100010"]["Value"] == [{"Alphabetic": "LEFÈVRE-MÛRIER^Éléonore"}]


class TestDocumentsThatSayWhoTheyAreAbout:
    @pytest.mark.parametrize(
        ("patient", "outcome", "code"),
        [
            ({}, "published", "published"),
            (
                {"name": [{"use": "official", "family": "DURAND", "given": ["Jeanne", "Marie"]}]},
                "published",
                None,
            ),
            ({"name": [{"family": "MARTIN"}, {"family": "Durand"}]}, "published", None),
            ({"birthDate": "1965", "gender": "unknown"}, "published", None),
            ({"gender": "male"}, "published", "other_sex"),
            ({"birthDate": "1940", "gender": "male"}, "quarantined", "other_person"),
            (
                {"identifier": [{"system": f"urn:oid:{INS_NIR_TEST}", "value": "154039999900215"}]},
                "quarantined",
                "other_patient",
            ),
        ],
    )
    def test_a_patient_contained_in_a_document_reference(
        self, coffre: Coffre, woman: Patient, patient: dict[str, Any], outcome: str, code: str | None
    ) -> None:
        hospital = coffre.depositor(HOSPITAL)
        resource = document_reference(woman.ins, PDF) | {
            "contained": [{"resourceType": "Patient", "id": "p", **patient}],
            "context": {"sourcePatientInfo": {"reference": "#p"}},
        }
        answer = coffre.http.post("/fhir/DocumentReference", json=resource, headers=bearer(hospital))
        (part,) = coffre.submission(hospital, answer)["parts"]
        assert (part["outcome"], part["code"]) == (outcome, code or "published")

    @pytest.mark.parametrize(
        ("family", "birth", "sex", "outcome", "code"),
        [
            ("DURAND", "19650309", "F", "published", "published"),
            ("DURAND", "196503", "UN", "published", "published"),
            ("PETIT", "19650309", "F", "published", "other_family_name"),
            ("PETIT", "19400617", "F", "quarantined", "other_person"),
        ],
    )
    def test_a_cda_in_an_instance_whose_header_is_right(
        self,
        coffre: Coffre,
        lab: str,
        woman: Patient,
        family: str,
        birth: str,
        sex: str,
        outcome: str,
        code: str,
    ) -> None:
        part = deposit(coffre, lab, with_cda(woman, cda(woman.ins, family, birth, sex)), woman.ins)
        assert (part["outcome"], part["code"]) == (outcome, code)

    def test_a_cda_about_another_ins(self, coffre: Coffre, lab: str, woman: Patient) -> None:
        other = cda("154039999900215", "DURAND", "19650309", "F")
        assert deposit(coffre, lab, with_cda(woman, other), woman.ins)["code"] == "other_patient"


def cda(ins: str, family: str, birth: str, sex: str) -> bytes:
    return (
        '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole>'
        f'<id root="{INS_NIR_TEST}" extension="{ins}"/><patient><name><given>Jeanne</given>'
        f'<family qualifier="BR">{family}</family></name><administrativeGenderCode code="{sex}"/>'
        f'<birthTime value="{birth}"/></patient></patientRole></recordTarget></ClinicalDocument>'
    ).encode()


def with_cda(patient: Patient, document: bytes) -> bytes:
    dataset = dcmread(BytesIO(image(patient)))
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(dataset, keyword)
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.2"
    return written(
        dataset,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.104.2",
        MIMETypeOfEncapsulatedDocument="text/XML",
        EncapsulatedDocument=document + b" " * (len(document) % 2),
    )


class TestSettings:
    """COFFRE_IDENTITY_CHECK."""

    @pytest.fixture
    def running(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Coffre]]:
        servers: list[WarmServer] = []

        def run(check: str) -> Coffre:
            monkeypatch.setenv("COFFRE_IDENTITY_CHECK", check)
            initialise(load(data=tmp_path / "data"))
            servers.append(WarmServer(tmp_path / "data"))
            servers[0].start()
            return Coffre(tmp_path / "data", servers[0])

        yield run
        for server in servers:
            server.stop()

    def test_strict_sets_any_difference_aside(self, running: Callable[[str], Coffre]) -> None:
        coffre = running("strict")
        lab, woman = coffre.depositor(), coffre.open_record(traits=WOMAN)
        for attributes in (
            {"PatientSex": "M"},
            {"PatientName": "DURAND^Sophie"},
            {"PatientName": "PETIT^Jeanne"},
        ):
            part = deposit(coffre, lab, image(woman, **attributes), woman.ins)
            assert (part["outcome"], part["code"]) == ("quarantined", "other_person")
        assert deposit(coffre, lab, image(woman, PatientSex="O"), woman.ins)["code"] == "published"

    def test_ins_only_warns(self, running: Callable[[str], Coffre]) -> None:
        coffre = running("ins")
        lab, woman = coffre.depositor(), coffre.open_record(traits=WOMAN)
        part = deposit(coffre, lab, image(woman, **MAN), woman.ins)
        assert (part["outcome"], part["code"]) == ("published", "other_family_name")
        told = [each["code"] for each in woman.documents()[0]["cautions"]]
        assert told == ["other_family_name", "other_birth_date", "other_sex", "other_first_name"]
