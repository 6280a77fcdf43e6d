"""Images are taken back by who deposited them, or by an operator on their request (IHE IOCM, R32)."""

from pathlib import Path
from typing import Any

import pytest

from coffre.plaintext_search.search import prove_and_search
from tests.integration.operators import answer_of, command
from tests.integration.support import HOSPITAL, LABORATORY, Coffre, Patient
from tests.integration.test_compact import images

ANOTHER_PATIENTS = "113037"


@pytest.fixture
def lab(coffre: Coffre) -> str:
    return coffre.depositor(LABORATORY)


@pytest.fixture
def study(coffre: Coffre, patient: Patient, lab: str) -> list[bytes]:
    files = patient.ct(slices=3)
    assert coffre.stow(lab, files, patient.ins).status_code == 200
    return files


def uids(patient: Patient) -> tuple[str, list[str]]:
    """The study and its instances, as a search answers them."""
    study = patient.documents()[0]["study_uid"]
    found = patient.call("GET", f"/dicomweb/studies/{study}/instances").json()
    return study, [each["00080018"]["Value"][0] for each in found]


def withdraw(coffre: Coffre, patient: Patient, *more: str) -> Any:
    study, _ = uids(patient)
    named = ["--record", patient.ins, "--study", study, "--code", ANOTHER_PATIENTS, "--yes", "--json"]
    return command(coffre, "withdraw", *named, *more)


def test_one_image_goes_and_the_others_stay(coffre: Coffre, patient: Patient, study: list[bytes]) -> None:
    _, instances = uids(patient)
    dry = answer_of(withdraw(coffre, patient, "--instance", instances[0], "--dry-run"))
    assert (dry["state"], dry["checked"]) == ("found", ["code", "record", "study"])
    assert len(uids(patient)[1]) == 3
    done = answer_of(withdraw(coffre, patient, "--instance", instances[0]))
    assert done["state"] == "done"
    assert uids(patient)[1] == instances[1:]
    (document,) = patient.documents()
    assert document["instances"] == 2
    left = images(coffre.grant(patient.token, patient.ins))
    assert len(left) == 2
    assert set(left) < set(study)
    (line,) = [each for each in patient.log() if each.get("code") == ANOTHER_PATIENTS]
    assert (line["action"], line["instances"]) == ("withdraw", "1")


@pytest.mark.requirement("R32")
def test_the_depositor_takes_back_its_own_and_nobody_elses(
    coffre: Coffre, patient: Patient, study: list[bytes], lab: str, tmp_path: Path
) -> None:
    _, instances = uids(patient)
    for name, token in (("lab", lab), ("hospital", coffre.depositor(HOSPITAL))):
        (tmp_path / name).write_text(token)
    hospital = withdraw(
        coffre, patient, "--instance", instances[0], "--token-file", str(tmp_path / "hospital")
    )
    assert hospital.returncode == 1
    assert "no_such_document" in hospital.stderr
    assert len(uids(patient)[1]) == 3
    own = withdraw(coffre, patient, "--instance", instances[0], "--token-file", str(tmp_path / "lab"))
    assert answer_of(own)["state"] == "done"
    assert uids(patient)[1] == instances[1:]
    (line,) = [each for each in patient.log() if each.get("code") == ANOTHER_PATIENTS]
    assert line["actor"] == {"role": "depositor", "structure": LABORATORY}


def test_an_operator_says_whose_images_where_two_structures_used_the_studys_uid(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    coffre.stow(coffre.depositor(HOSPITAL), study, patient.ins)
    own, other = sorted(patient.documents(), key=lambda each: each["structure"])
    refused = withdraw(coffre, patient, "--all")
    assert refused.returncode == 1
    assert "several_documents" in refused.stderr
    assert own["id"] in refused.stderr
    assert other["id"] in refused.stderr
    assert answer_of(withdraw(coffre, patient, "--all", "--document", other["id"]))["state"] == "done"
    assert [each["id"] for each in patient.documents()] == [own["id"]]
    assert images(coffre.grant(patient.token, patient.ins)) == sorted(study)


def test_what_was_withdrawn_may_be_deposited_again(
    coffre: Coffre, patient: Patient, study: list[bytes], lab: str
) -> None:
    _, instances = uids(patient)
    answer_of(withdraw(coffre, patient, "--instance", instances[0]))
    again = coffre.submission(lab, coffre.stow(lab, study, patient.ins))
    assert sorted(part["outcome"] for part in again["parts"]) == ["duplicate", "duplicate", "published"]
    assert images(coffre.grant(patient.token, patient.ins)) == sorted(study)


@pytest.mark.requirement("R42")
def test_a_study_withdrawn_whole_is_seen_by_nobody(
    coffre: Coffre, patient: Patient, study: list[bytes], lab: str
) -> None:
    older = coffre.grant(patient.token, patient.ins)
    assert answer_of(withdraw(coffre, patient, "--all"))["state"] == "done"
    assert patient.documents() == []
    blob = older.open().blobs[0].sealed.ref.blob_id
    with pytest.raises(AssertionError):  # asked at each range: the grant holds no longer
        older.read(blob, 0, 1)
    again = coffre.submission(lab, coffre.stow(lab, study, patient.ins))
    assert {part["outcome"] for part in again["parts"]} == {"published"}
    assert len(patient.documents()) == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--instance", "1.2.3.4"], "no_such_instance"),
        (["--all", "--code", "113000"], "bad_rejection"),
        (["--all", "--study", "1.2.3.4"], "no_such_document"),
    ],
)
def test_what_is_asked_badly_changes_nothing(
    coffre: Coffre, patient: Patient, study: list[bytes], more: list[str], code: str
) -> None:
    refused = withdraw(coffre, patient, *more)
    assert refused.returncode in (1, 2)
    assert code in refused.stderr
    assert len(uids(patient)[1]) == 3


def test_afterwards_nothing_is_in_clear_and_everything_agrees(
    coffre: Coffre, patient: Patient, study: list[bytes]
) -> None:
    _, instances = uids(patient)
    answer_of(withdraw(coffre, patient, "--instance", instances[0]))
    assert prove_and_search(coffre.data, {"ins": patient.ins}, [("slice", study[0])]).found == ()
    assert command(coffre, "audit", "verify").returncode == 0
    checked = command(coffre, "check", "--scrub")
    assert checked.returncode == 0, checked.stdout
