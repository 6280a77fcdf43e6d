"""Show studies, series and instances as DICOM JSON (PS3.18 section 10.6.3.3), from summaries and details."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keyvault.verbs.reader.listing import ListedDocument
from keyvault.verbs.rows import SeenDocument
from records.details import InstanceDetails, SeriesDetails
from records.instances import live_series
from records.summaries import SeriesSummary
from viewer_api.presenting import modalities

CUSTODIAN = "0040A07C"
StudyKey = tuple[str, str]
"""Study Instance UID, and the structure that deposited under it."""


@dataclass(frozen=True, slots=True)
class Study:
    """What one structure deposited under one Study Instance UID: images, and reports that belong to them."""

    key: StudyKey
    documents: tuple[ListedDocument, ...]
    """Newest first."""
    shared: bool
    """Whether another structure's documents of the same list have the same Study Instance UID."""

    @property
    def series(self) -> list[SeriesSummary]:
        """Each series once, however many documents have instances of it."""
        found: dict[str, SeriesSummary] = {}
        for document in reversed(self.documents):
            for each in document.summary.series:
                before = found[each.uid].instances if each.uid in found else 0
                found[each.uid] = replace(each, instances=before + each.instances)
        return [*found.values()]


def studies_of(documents: Iterable[ListedDocument]) -> list[Study]:
    """DICOM documents, newest first, by Study Instance UID and structure: the newest study first."""
    found: dict[StudyKey, list[ListedDocument]] = {}
    for document in documents:
        if uid := document.summary.study_uid:
            found.setdefault((uid, document.facts.author_structure), []).append(document)
    shared = Counter(uid for uid, _ in found)
    return [Study(key, tuple(each), shared[key[0]] > 1) for key, each in found.items()]


def study_attributes(study: Study) -> dict[str, Any]:
    """A QIDO-RS study (PS3.18 table 10.6.3-3), with what viewers ask beyond it."""
    series, newest = study.series, study.documents[0]
    return {
        **newest.summary.attributes,
        "00080005": value("CS", "ISO_IR 192"),
        "00080056": value("CS", "ONLINE"),
        "00080061": {"vr": "CS", "Value": modalities(series)},
        "00201206": value("IS", len(series)),
        "00201208": value("IS", sum(each.instances for each in series)),
        **_custodian(study),
    }


def _custodian(study: Study) -> dict[str, Any]:
    """Where a UID alone says not whose study it is: Custodial Organization Sequence (PS3.3 C.17.2)."""
    if not study.shared:
        return {}
    institution = {"00080080": value("LO", study.key[1])}
    return {CUSTODIAN: {"vr": "SQ", "Value": [institution]}}


def series_of(study: Study, opened: Iterable[SeenDocument]) -> list[SeriesDetails]:
    """The series of a study whose documents are opened; of equal SOP Instance UIDs its structure's latest."""
    among = {each.document_id for each in study.documents}
    documents = sorted(
        (each for each in opened if each.document_id in among), key=lambda each: each.created_at
    )
    return live_series([row for each in documents for row in each.details])


def series_attributes(study: Mapping[str, Any], series: SeriesDetails) -> dict[str, Any]:
    """A QIDO-RS series with its study's identifiers (PS3.18 table 10.6.3-4)."""
    return {
        **_of_study(study),
        **series.attributes,
        "00201209": value("IS", len(series.instances)),
    }


def instance_attributes(
    study: Mapping[str, Any], series: SeriesDetails, instance: InstanceDetails
) -> dict[str, Any]:
    """A QIDO-RS instance (PS3.18 table 10.6.3-5)."""
    return {
        **_of_study(study),
        "0020000E": value("UI", series.uid),
        "00080056": value("CS", "ONLINE"),
        **instance.attributes,
        "00083002": value("UI", instance.transfer_syntax),
    }


def _of_study(study: Mapping[str, Any]) -> dict[str, Any]:
    return {tag: study[tag] for tag in ("0020000D", CUSTODIAN) if tag in study}


def value(vr: str, content: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [content]}
