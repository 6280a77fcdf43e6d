"""What later steps make of a part's judgement, and what they must leave as it is."""

from dataclasses import replace

import pytest

from ingestion.grouping import InspectedPart
from ingestion.outcomes import JUDGEMENTS, Judgement, PartOutcome, refused
from ingestion.worker.patient import other_person, with_person_warnings
from ingestion.worker.rejudging import (
    as_planned,
    kept_together,
    like_their_first,
    rejudged,
    told_of_shared,
)
from records.errors import CoffreError
from records.vocabulary.codes import ReasonCode
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS, STUDY_UID_SHARED
from tests.unit.ingestion.parts import DUPLICATE, PUBLISHED, REFUSED, SET_ASIDE, dicom_part

SHARED = " ".join(IDENTIFIER_WARNINGS[STUDY_UID_SHARED])


def part(number: int = 1, judgement: Judgement = PUBLISHED, repeats: int | None = None) -> InspectedPart:
    return dicom_part(number, judgement=judgement, repeats=repeats, sop=f"1.2.{number}")


@pytest.mark.parametrize("judgement", [PUBLISHED, SET_ASIDE, REFUSED, DUPLICATE])
def test_an_equal_verdict_of_an_earlier_try_changes_nothing(judgement: Judgement) -> None:
    same = part(judgement=judgement)
    assert as_planned([same], {1: judgement}) == [same]


@pytest.mark.parametrize("planned", [SET_ASIDE, REFUSED, DUPLICATE])
def test_what_an_earlier_try_kept_from_the_record_stays_out_of_it(planned: Judgement) -> None:
    (again,) = as_planned([part()], {1: planned})
    assert again.judgement == planned


def test_what_an_earlier_try_published_and_is_refused_now_is_tried_again() -> None:
    with pytest.raises(CoffreError) as caught:
        as_planned([part(judgement=REFUSED)], {1: PUBLISHED})
    assert caught.value.code == "verdict_changed"


def test_what_an_earlier_try_published_is_overruled_in_another_persons_content() -> None:
    aside = replace(part(judgement=other_person({"other_sex"})), warnings=("other_sex",), meant_for="record")
    (again,) = as_planned([aside], {1: PUBLISHED})
    assert (again.judgement.outcome, again.judgement.code) == (PartOutcome.PUBLISHED, "other_sex")
    assert again.record == "record"


def test_what_repeats_a_refused_part_is_refused_with_it_and_no_other_duplicate_is() -> None:
    parts = [part(1, REFUSED), part(2, DUPLICATE, repeats=1), part(3), part(4, DUPLICATE, repeats=3)]
    assert [each.judgement for each in like_their_first(parts)] == [REFUSED, REFUSED, PUBLISHED, DUPLICATE]


@pytest.mark.parametrize("bad", [REFUSED, SET_ASIDE])
def test_a_bundle_is_taken_whole_or_not_at_all(bad: Judgement) -> None:
    kept = kept_together([part(1), part(2, bad), part(3, DUPLICATE)])
    assert [each.judgement.code for each in kept] == ["bundle_refused", bad.code, "bundle_refused"]
    assert [each.record for each in kept if each.judgement.code == "bundle_refused"] == [None, None]
    whole = [part(1), part(2, DUPLICATE)]
    assert kept_together(whole) == whole


def test_a_verdict_is_given_to_the_parts_it_names() -> None:
    assert [each.judgement for each in rejudged([part(1), part(2)], {2}, REFUSED)] == [PUBLISHED, REFUSED]


class TestSharedStudy:
    def told(self, judgement: Judgement) -> Judgement:
        first, second = told_of_shared([part(1, judgement), part(2, judgement)], {1})
        assert second.judgement == judgement
        return first.judgement

    def test_published_alone_adds_no_word(self) -> None:
        assert self.told(PUBLISHED) == Judgement(PartOutcome.PUBLISHED, STUDY_UID_SHARED, SHARED)

    def test_it_stands_before_what_is_said_of_the_files_form(self) -> None:
        repaired = Judgement(PartOutcome.PUBLISHED, "trailing_zeros", "Zero bytes follow.")
        told = self.told(repaired)
        assert (told.code, told.reason) == (STUDY_UID_SHARED, f"{SHARED} Zero bytes follow.")

    def test_it_stands_after_what_is_said_of_the_person_whose_code_stays(self) -> None:
        warned = with_person_warnings(PUBLISHED, ["other_sex"])
        told = self.told(warned)
        assert (told.code, told.reason) == ("other_sex", f"{warned.reason} {SHARED}")


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (ReasonCode.RECORD_CLOSED, "record_closed"),
        (ReasonCode.NO_SUCH_RECORD, "no_record"),
        (ReasonCode.QUOTA_EXCEEDED, "quota_exceeded"),
        (ReasonCode.NOT_AUTHORISED, "not_entitled"),
    ],
)
def test_of_most_reasons_of_the_vault_a_depositor_learns_only_that_it_may_not(
    reason: ReasonCode, code: str
) -> None:
    assert refused(reason) == JUDGEMENTS[code]
