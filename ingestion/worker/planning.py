"""The plan of a submission, kept in the index with its new blobs: a second worker goes on with the objects of
the first (docs/formats.md section 11).
"""

import json
from collections.abc import Sequence

from ingestion.grouping import Group, InspectedPart
from ingestion.outcomes import Judgement, PartOutcome
from ingestion.worker.packed_renditions import followed, planned
from ingestion.worker.packing import STUDY, PackedGroup
from records.documents.renditions import NOT_RENDERED, RENDERED
from storage.rows.submissions import Blob


def write_plan(packed: Sequence[PackedGroup], parts: Sequence[InspectedPart]) -> bytes:
    """The plan of a submission: part numbers, offsets, blob ids and verdicts, nothing of the content."""
    groups = [
        {
            "pack": str(each.pack.blob_id),
            "offsets": sorted(each.offsets.items()),  # pairs: names of a JSON object are text (RFC 8259)
            "series": [str(blob.blob_id) for blob in each.series],
            "renditions": planned(each.renditions, [uid for uid, _ in each.group.series()]),
            "rendered": each.rendered,
        }
        for each in packed
    ]
    verdicts = [
        [part.number, part.judgement.outcome.value, part.judgement.code, part.judgement.reason]
        for part in parts
    ]
    return json.dumps({"groups": groups, "verdicts": verdicts}).encode()


def planned_judgements(plan: bytes) -> dict[int, Judgement]:
    """What the try that wrote the plan judged of each part."""
    return {
        number: Judgement(PartOutcome(outcome), code, reason)
        for number, outcome, code, reason in json.loads(plan)["verdicts"]
    }


def follow_plan(plan: bytes, groups: Sequence[Group], blobs: Sequence[Blob]) -> list[PackedGroup] | None:
    """The packed groups of an earlier try; None where validation groups the parts otherwise by now."""
    known = {str(blob.blob_id): blob for blob in blobs}
    # by numbers alone: the plan lies in clear in the index, and may hold nothing that the content says
    by_parts = {
        frozenset(number for number, _ in entry["offsets"]): entry for entry in json.loads(plan)["groups"]
    }
    packed = []
    for group in groups:
        entry = by_parts.get(frozenset(part.number for part in group.parts))
        if entry is None:
            return None
        series = tuple(known[blob] for blob in entry["series"])
        uids = [uid for uid, _ in group.series()]
        # 0.1.0 made none
        renditions = followed(entry.get("renditions", ()), uids, known)
        rendered = entry.get("rendered", NOT_RENDERED if group.kind == STUDY else RENDERED)
        offsets = dict(entry["offsets"])
        packed.append(PackedGroup(group, known[entry["pack"]], offsets, series, renditions, rendered))
    return packed
