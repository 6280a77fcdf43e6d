"""The attributes of QIDO-RS: those that lists keep or make (PS3.18 tables 10.6.3-3 to 10.6.3-5).

All of them but `MADE_LAST` are searched by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """A search finds by attributes of its own level and of those above it."""

    STUDY = 0
    SERIES = 1
    INSTANCE = 2


@dataclass(frozen=True, slots=True)
class Attribute:
    """`path`: its tag, behind that of the sequence it lies in, parts joined by dots like `keyword`.

    `required`: its level's table has it, so that an answer names it where it has no value, too.
    """

    keyword: str
    path: str
    vr: str
    level: Level
    required: bool = False


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute("SpecificCharacterSet", "00080005", "CS", Level.STUDY, required=True),
    Attribute("StudyDate", "00080020", "DA", Level.STUDY, required=True),
    Attribute("StudyTime", "00080030", "TM", Level.STUDY, required=True),
    Attribute("AccessionNumber", "00080050", "SH", Level.STUDY, required=True),
    Attribute("InstanceAvailability", "00080056", "CS", Level.STUDY, required=True),
    Attribute("TimezoneOffsetFromUTC", "00080201", "SH", Level.STUDY),
    Attribute("ModalitiesInStudy", "00080061", "CS", Level.STUDY, required=True),
    Attribute("ReferringPhysicianName", "00080090", "PN", Level.STUDY, required=True),
    Attribute("RetrieveURL", "00081190", "UR", Level.STUDY),
    Attribute("StudyDescription", "00081030", "LO", Level.STUDY),
    Attribute("PatientName", "00100010", "PN", Level.STUDY, required=True),
    Attribute("PatientID", "00100020", "LO", Level.STUDY, required=True),
    Attribute("IssuerOfPatientID", "00100021", "LO", Level.STUDY),
    Attribute("PatientBirthDate", "00100030", "DA", Level.STUDY, required=True),
    Attribute("PatientSex", "00100040", "CS", Level.STUDY, required=True),
    Attribute("StudyInstanceUID", "0020000D", "UI", Level.STUDY, required=True),
    Attribute("StudyID", "00200010", "SH", Level.STUDY, required=True),
    Attribute("PlacerOrderNumberImagingServiceRequest", "00402016", "LO", Level.STUDY),
    Attribute("FillerOrderNumberImagingServiceRequest", "00402017", "LO", Level.STUDY),
    Attribute("ReferencedRequestSequence.AccessionNumber", "0040A370.00080050", "SH", Level.STUDY),
    Attribute("ReferencedRequestSequence.RequestedProcedureID", "0040A370.00401001", "SH", Level.STUDY),
    Attribute(
        "ReferencedRequestSequence.PlacerOrderNumberImagingServiceRequest",
        "0040A370.00402016",
        "LO",
        Level.STUDY,
    ),
    Attribute(
        "ReferencedRequestSequence.FillerOrderNumberImagingServiceRequest",
        "0040A370.00402017",
        "LO",
        Level.STUDY,
    ),
    Attribute("NumberOfStudyRelatedSeries", "00201206", "IS", Level.STUDY, required=True),
    Attribute("NumberOfStudyRelatedInstances", "00201208", "IS", Level.STUDY, required=True),
    Attribute("SeriesDate", "00080021", "DA", Level.SERIES),
    Attribute("SeriesTime", "00080031", "TM", Level.SERIES),
    Attribute("Modality", "00080060", "CS", Level.SERIES, required=True),
    Attribute("SeriesDescription", "0008103E", "LO", Level.SERIES),
    Attribute("BodyPartExamined", "00180015", "CS", Level.SERIES),
    Attribute("SeriesInstanceUID", "0020000E", "UI", Level.SERIES, required=True),
    Attribute("SeriesNumber", "00200011", "IS", Level.SERIES, required=True),
    Attribute("NumberOfSeriesRelatedInstances", "00201209", "IS", Level.SERIES, required=True),
    Attribute("PerformedProcedureStepStartDate", "00400244", "DA", Level.SERIES),
    Attribute("PerformedProcedureStepStartTime", "00400245", "TM", Level.SERIES),
    Attribute("RequestAttributesSequence.ScheduledProcedureStepID", "00400275.00400009", "SH", Level.SERIES),
    Attribute("RequestAttributesSequence.RequestedProcedureID", "00400275.00401001", "SH", Level.SERIES),
    Attribute("SOPClassUID", "00080016", "UI", Level.INSTANCE, required=True),
    Attribute("SOPInstanceUID", "00080018", "UI", Level.INSTANCE, required=True),
    Attribute("InstanceNumber", "00200013", "IS", Level.INSTANCE, required=True),
    Attribute("NumberOfFrames", "00280008", "IS", Level.INSTANCE),
    Attribute("Rows", "00280010", "US", Level.INSTANCE),
    Attribute("Columns", "00280011", "US", Level.INSTANCE),
    Attribute("BitsAllocated", "00280100", "US", Level.INSTANCE),
    Attribute("AvailableTransferSyntaxUID", "00083002", "UI", Level.INSTANCE),
)  # fmt: skip
RETRIEVE_URL = "00081190"
MADE_LAST = frozenset({RETRIEVE_URL})
"""What answers have and nothing is searched by."""
TIME_OF_DATE: Mapping[str, str] = {"00080020": "00080030", "00080021": "00080031", "00400244": "00400245"}
"""Dates and times that make one moment (PS3.4 section C.2.2.2.5)."""

BY_NAME: Mapping[str, Attribute] = {
    **{each.keyword: each for each in ATTRIBUTES},
    **{each.path: each for each in ATTRIBUTES},
}
"""By keyword, and by tag in capitals."""
OF_LEVEL: Mapping[Level, tuple[Attribute, ...]] = {
    level: tuple(each for each in ATTRIBUTES if each.level is level) for level in Level
}
