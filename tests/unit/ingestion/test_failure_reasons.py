"""Failure reasons of STOW-RS: every number has its words, every code is one that a part can get."""

from content.verdicts import VERDICTS
from ingestion.intake.stow.response import FAILURE_REASONS, REASONS, answer
from ingestion.outcomes import JUDGEMENTS
from storage.rows.submissions import PartVerdict


def test_every_number_that_can_be_sent_is_described() -> None:
    codes = {*VERDICTS, *JUDGEMENTS}
    sent = {FAILURE_REASONS.get(code, 0xC000) for code in codes}
    assert sent == set(REASONS)
    assert FAILURE_REASONS.keys() <= codes


def test_numbers_are_sent_as_the_documentation_prints_them() -> None:
    """Decimal: DICOM JSON has numbers (PS3.18 table F.2.3-1)."""
    part = PartVerdict(number=1, outcome="rejected", code="not_dicom", reason="…", document_id=None)
    (failed,) = answer([part], {})["00081198"]["Value"]
    assert failed["00081197"] == {"vr": "US", "Value": [49152]}
