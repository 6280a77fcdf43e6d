"""Studies, series and instances as DICOM JSON (PS3.18 section 10.6.3.3), and which of them a search finds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from records.documents.details import InstanceDetails, SeriesDetails
from records.documents.summaries import SeriesSummary
from records.imaging.attributes import OF_LEVEL, Level
from records.imaging.conditions import Conditions
from records.imaging.studies import Study

CUSTODIAN = "0040A07C"
MODALITY, SERIES_UID, SERIES_INSTANCES = "00080060", "0020000E", "00201209"
_SUMMARISED = frozenset({MODALITY, SERIES_UID, SERIES_INSTANCES})
"""Of a series, what stands in its document's summary."""
Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """One item: `own` are the attributes of its level, `above` those of the levels above."""

    own: Attributes
    above: Attributes

    @property
    def whole(self) -> Attributes:
        return self.above | self.own


def studies_found(studies: Iterable[Study], conditions: Conditions) -> Iterator[tuple[Study, Found]]:
    """The studies that meet the conditions of their level, from the summaries alone."""
    asked = conditions.of_levels(Level.STUDY)
    for study in studies:
        attributes = study_attributes(study)
        if asked.hold(attributes):
            yield study, Found(attributes, {})


def may_hold(study: Study, conditions: Conditions) -> bool:
    """Whether a series of the study can be found, as far as summaries say it: what can't isn't opened."""
    asked = conditions.about(_SUMMARISED)
    return not asked.each or any(asked.hold(_summary_attributes(each)) for each in study.summaries)


def below(study: Study, level: Level, conditions: Conditions) -> Iterator[Found]:
    """The series or instances of a study, whose details are there, that meet every condition."""
    of_study = study_attributes(study)
    for series in study.series:
        of_series = series_attributes(series)
        if level is Level.SERIES:
            yield from _holding(conditions, Found(of_series, of_study))
            continue
        for instance in series.instances:
            above = of_study | of_series
            yield from _holding(conditions, Found(instance_attributes(instance), above))


def _holding(conditions: Conditions, found: Found) -> Iterator[Found]:
    if conditions.hold(found.whole):
        yield found


def study_attributes(study: Study) -> Attributes:
    """A QIDO-RS study (PS3.18 table 10.6.3-3), with what viewers ask beyond it."""
    series, newest = study.summaries, study.documents[0]
    return _required(Level.STUDY) | {
        **newest.summary.attributes,
        "00080005": value("CS", "ISO_IR 192"),
        "00080056": value("CS", "ONLINE"),
        "00080061": {"vr": "CS", "Value": sorted({each.modality for each in series if each.modality})},
        "00201206": value("IS", len(series)),
        "00201208": value("IS", sum(each.instances for each in series)),
        **_custodian(study),
    }


def series_attributes(series: SeriesDetails) -> Attributes:
    """A QIDO-RS series (PS3.18 table 10.6.3-4)."""
    return _required(Level.SERIES) | {
        **series.attributes,
        SERIES_INSTANCES: value("IS", len(series.instances)),
    }


def instance_attributes(instance: InstanceDetails) -> Attributes:
    """A QIDO-RS instance (PS3.18 table 10.6.3-5)."""
    frames = {} if instance.frames is None else {"00280008": value("IS", instance.frames)}
    return _required(Level.INSTANCE) | {
        **frames,
        **instance.attributes,
        "00083002": value("UI", instance.transfer_syntax),
    }


def _summary_attributes(series: SeriesSummary) -> Attributes:
    modality = {} if series.modality is None else {MODALITY: value("CS", series.modality)}
    return {
        **modality,
        SERIES_UID: value("UI", series.uid),
        SERIES_INSTANCES: value("IS", series.instances),
    }


def _custodian(study: Study) -> Mapping[str, Any]:
    """Where a UID alone says not whose study it is: Custodial Organization Sequence (PS3.3 C.17.2)."""
    if not study.shared:
        return {}
    institution = {"00080080": value("LO", study.key[1])}
    return {CUSTODIAN: {"vr": "SQ", "Value": [institution]}}


def _required(level: Level) -> Attributes:
    """What the table of the level has, without a value until one is known."""
    return {each.path: {"vr": each.vr} for each in OF_LEVEL[level] if each.required}


def value(vr: str, content: object) -> dict[str, Any]:
    return {"vr": vr, "Value": [content]}
