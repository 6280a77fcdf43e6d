"""Studies that a document is about: those whose identifiers it refers to (ITI TF-3, referenceIdList)."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from records.documents.listed import ListedDocument
from records.fhir.resources.study_identifiers import order_identifiers, uid_identifier
from records.fhir.search.matching import Token, token_of_identifier
from records.fhir.systems import DICOM_UID, URI, one_name

_UID = re.compile(r"[0-9][0-9.]{0,63}")
StudyTokens = Mapping[UUID, frozenset[Token]]


def tokens_of_study(study: ListedDocument) -> frozenset[Token]:
    """Its Study Instance UID and the numbers of its orders."""
    identifiers = [*order_identifiers(study.summary)]
    if study.summary.study_uid:
        identifiers.append(uid_identifier(study.summary.study_uid))
    return frozenset(token for each in identifiers for token in token_of_identifier(each))


def with_studies(reference: dict[str, Any], studies: StudyTokens) -> dict[str, Any]:
    """The DocumentReference, which then names those of `studies` that it shares an identifier with."""
    context = reference.get("context", {})
    related = context.get("related", [])
    named = {each.get("reference") for each in related}
    own = related_tokens(reference)
    added = [
        {"reference": address, "type": "ImagingStudy"}
        for study, tokens in studies.items()
        if (address := f"ImagingStudy/{study}") not in named and share(own, tokens)
    ]
    return {**reference, "context": {**context, "related": [*related, *added]}} if added else reference


def related_tokens(reference: dict[str, Any]) -> frozenset[Token]:
    """The identifiers of what a DocumentReference is about."""
    related = reference.get("context", {}).get("related", ())
    return frozenset(token for each in related for token in token_of_identifier(each.get("identifier")))


def study_uids(tokens: Iterable[Token]) -> list[str]:
    """What of them may be Study Instance UIDs, each once, as DICOM writes it."""
    values = (value.removeprefix("urn:oid:") for _, value in tokens)
    return sorted({value for value in values if _UID.fullmatch(value)})


def has_numbers(tokens: Iterable[Token]) -> bool:
    """Whether there is one that is no UID by its system: of an order, whose studies nothing names."""
    return any(system not in (URI, DICOM_UID) for system, _ in tokens)


def share(own: Iterable[Token], others: Collection[Token]) -> bool:
    """The same value, where the systems are not known to differ: DICOM's accession number has none."""
    values = {value for _, value in others}
    near = [one for one in own if one[1] in values]
    return any(_alike(one, other) for one in near for other in others)


def _alike(one: Token, other: Token) -> bool:
    systems = {one_name(system) for system, _ in (one, other) if system}
    return one[1] == other[1] and len(systems) < 2
