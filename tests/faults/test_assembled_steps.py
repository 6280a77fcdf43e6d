"""Metadata with bulk data is put together anew at every try: whatever breaks, the study is published once."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from coffre.demo_authority.identities import Identities
from coffre.serving.callers.authentication import Authentication
from content.byte_source import BytesSource
from content.dicom.metadata.store_request import encode_json
from content.limits import DEFAULT_LIMITS
from content.sandbox.parent import Inspection
from ingestion.envelope import Payload, SubmissionHeaders
from ingestion.intake.reception import Depositor
from ingestion.intake.stow.request import read_store_request
from tests.faults.faulty import Died, Fault, How
from tests.faults.pipeline import Pipeline, ValidatorsHere, inspection_of, slices
from tests.faults.reading import opened
from tests.faults.storage_check import documents_of
from tests.integration.support import LABORATORY
from tests.unit.content.metadata_forms import as_json, framed, json_part, read, related_type

JSON = "application/dicom+json"


class MetadataHere(ValidatorsHere):
    def inspect(
        self,
        kind: str,
        size: int,
        read: Callable[[int, int], bytes],
        options: Mapping[str, Any] | None = None,
    ) -> Inspection:
        if kind != "dicom+json":
            return super().inspect(kind, size, read, options)
        findings, facts = encode_json(BytesSource(read(0, size)), DEFAULT_LIMITS)
        return inspection_of(findings, facts)


def deposit(pipeline: Pipeline, ins: str, files: list[bytes]) -> UUID:
    """The files as metadata and bulk data, and one instance that can't be put together."""
    found = [as_json(read(content), f"http://x/{n}") for n, content in enumerate(files)]
    broken = {**found[0][0], "00081030": {"vr": "ZZ"}}
    parts = [part.part() for _, bulk in found for part in bulk]
    body = framed([json_part(*(metadata for metadata, _ in found), broken), *parts])
    token = Identities(pipeline.system).depositor(LABORATORY)
    depositor = Depositor.of(token, Authentication.of(pipeline.system).actor(token))
    reception = pipeline.reception()
    begun = reception.begin(depositor, ins, SubmissionHeaders(kind="dicom", payload=Payload.JSON))
    reader = read_store_request({"content-type": related_type(JSON)}).reader(begun)
    reader.feed(body)
    reader.finish()
    return reception.finish(begun)


@pytest.mark.parametrize("how", [How.FAILS_BUT_DONE, How.DIES_AFTER])
@pytest.mark.parametrize(
    "verb", ["index.claim_parts", "objects.commit", "index.add_blobs", "vault.adopt", "index.publish"]
)
def test_whatever_breaks_a_step_the_study_is_published_once(verb: str, how: How, tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path / "data", sandbox=MetadataHere())
    ins = pipeline.open_record()
    files = slices(ins, count=2)
    submission = deposit(pipeline, ins, files)
    fault = Fault(verb, 1, how)
    try:
        pipeline.worker("first", fault).ingest_next()
    except Died:
        assert how is How.DIES_AFTER
    assert fault.struck
    pipeline.work(pipeline.worker("second"))
    assert pipeline.outcomes(submission) == ["published", "published", "rejected"]
    (pack,) = opened(pipeline, ins).packs
    assert [read(part).SOPInstanceUID for part in _instances(pack)] == [
        read(content).SOPInstanceUID for content in files
    ]
    assert pipeline.left_over() == []
    assert documents_of(pipeline.system) == 1
    assert pipeline.events("deposit") == 1
    pipeline.close()


def _instances(pack: bytes) -> list[bytes]:
    starts = [at for at in range(len(pack)) if pack.startswith(b"DICM", at + 128)]
    return [pack[start:end] for start, end in zip(starts, [*starts[1:], len(pack)], strict=True)]
