"""Tell a depositor of identifiers that another structure used in the same record."""

from ingestion.outcomes import JUDGEMENTS, Judgement
from records.vocabulary.identifier_warnings import IDENTIFIER_WARNINGS, STUDY_UID_SHARED
from records.vocabulary.person_warnings import PERSON_WARNINGS

PUBLISHED = JUDGEMENTS["published"].code


def with_shared_study(judgement: Judgement) -> Judgement:
    """The judgement with the words on its Study Instance UID: after the person's, before the file's form."""
    sentences = " ".join(IDENTIFIER_WARNINGS[STUDY_UID_SHARED])
    if judgement.code in PERSON_WARNINGS:
        return Judgement(judgement.outcome, judgement.code, f"{judgement.reason} {sentences}")
    form = "" if judgement.code == PUBLISHED else f" {judgement.reason}"
    return Judgement(judgement.outcome, STUDY_UID_SHARED, sentences + form)
