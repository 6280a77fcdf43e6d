"""The plan of a job: what was written is read again, that of 0.1.0 as well."""

import json
from typing import Any

import pytest

from ingestion.jobs.job_plan import JobPlan
from records.documents.renditions import NOT_RENDERED, RENDERED

PICTURES = [[0, "overview", 1, "0190c3f1-0000-7000-8000-000000000003"]]
BLOBS = ("0190c3f1-0000-7000-8000-000000000001", "0190c3f1-0000-7000-8000-000000000002")


@pytest.mark.parametrize(
    ("plan", "written"),
    [
        (
            JobPlan(kept=3, blobs=BLOBS, renditions=PICTURES, rendered=RENDERED),
            {"kept": 3, "blobs": [*BLOBS], "renditions": PICTURES, "rendered": RENDERED},
        ),
        (
            JobPlan(series=1, renditions=PICTURES, rendered=RENDERED),
            {"series": 1, "renditions": PICTURES, "rendered": RENDERED},
        ),
    ],
    ids=["compaction", "pictures"],
)
def test_a_plan_is_read_as_it_was_written(plan: JobPlan, written: dict[str, Any]) -> None:
    assert json.loads(plan.write()) == written
    assert JobPlan.read(plan.write()) == plan


def test_a_plan_of_0_1_0_made_no_pictures() -> None:
    old = json.dumps({"kept": 3, "blobs": [*BLOBS]}).encode()
    assert JobPlan.read(old) == JobPlan(kept=3, blobs=BLOBS, renditions=[], rendered=NOT_RENDERED)
