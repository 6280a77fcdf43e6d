"""A series of a study as pages show it."""

from collections.abc import Mapping
from typing import Any

from records.documents.details import InstanceDetails, SeriesDetails
from records.text.numbers import decimal
from viewer_api.web.texts import Texts

NO_PICTURES = frozenset({"AU", "DOC", "ECG", "HD", "KO", "PLAN", "PR", "REG", "RTPLAN", "RTSTRUCT", "SR"})


def series_view(series: SeriesDetails, number: int, t: Texts) -> dict[str, Any]:
    """A series for the page: description and modality in one line, images in the order of their number."""
    instances = sorted(series.instances, key=lambda each: (_number(each), each.sop))
    words = [_first(series.attributes, "0008103E"), series.modality]
    return {
        "number": number,
        "uid": series.uid,
        "has_pictures": series.modality not in NO_PICTURES,
        "title": " – ".join([t("study.series", number=number), *(word for word in words if word)]),
        "instances": [
            {"sop": each.sop, "number": n, "frames": each.frames or 1} for n, each in enumerate(instances, 1)
        ],
    }


def _first(attributes: Mapping[str, Any], tag: str) -> str:
    values = attributes.get(tag, {}).get("Value") or [""]
    return str(values[0])


def _number(instance: InstanceDetails) -> int:
    """Instance Number (0020,0013), an integer string; what is none comes last."""
    text = _first(instance.attributes, "00200013")
    try:
        return int(decimal(text))
    except (ValueError, OverflowError):
        return 2**31
