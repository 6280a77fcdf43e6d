"""Show studies as FHIR R4 ImagingStudies (section 10.4), from what a list has of them."""

from typing import Any
from uuid import UUID

from records.documents.listed import ListedDocument
from records.documents.summaries import SeriesSummary
from records.fhir.addresses import Addresses
from records.fhir.dates import instant
from records.fhir.resources.document_references import ABSENT, filled, study_day
from records.fhir.resources.study_identifiers import order_identifiers, uid_identifier
from records.fhir.systems import DICOM_TERMS
from records.vocabulary.codes import DocumentState

_CONNECTIONS = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
_ENDPOINT = "dicomweb"


class ImagingStudies:
    """Of one record: `record` is its public id. The id of a study is that of its document."""

    def __init__(self, addresses: Addresses, record: UUID) -> None:
        self._addresses = addresses
        self._record = record

    def shown(self, document: ListedDocument) -> dict[str, Any]:
        """Its images are at the endpoint, its order and reports by the same identifiers elsewhere."""
        summary = document.summary
        orders = order_identifiers(summary)
        return filled(
            {
                "resourceType": "ImagingStudy",
                "id": str(document.document_id),
                "meta": {"lastUpdated": instant(document.created_at)},
                "contained": [self._endpoint()],
                "identifier": [uid_identifier(summary.study_uid or ""), *orders],
                "status": _status(document.facts.state),
                "modality": [*{each.modality: _modality(each) for each in summary.series}.values()],
                "subject": {"reference": f"Patient/{self._record}"},
                "started": study_day(summary),
                "basedOn": [{"type": "ServiceRequest", "identifier": each} for each in orders],
                "endpoint": [{"reference": f"#{_ENDPOINT}"}],
                "numberOfSeries": len(summary.series),
                "numberOfInstances": sum(each.instances for each in summary.series),
                "description": summary.title,
                "series": [_series(each) for each in summary.series],
            }
        )

    def _endpoint(self) -> dict[str, Any]:
        """DICOMweb of the record: QIDO-RS and WADO-RS (R4 section 10.4.5)."""
        return {
            "resourceType": "Endpoint",
            "id": _ENDPOINT,
            "status": "active",
            "connectionType": {"system": _CONNECTIONS, "code": "dicom-wado-rs"},
            "payloadType": [{"text": "DICOM"}],
            "payloadMimeType": ["application/dicom"],
            "address": self._addresses.dicomweb(self._record),
        }


def _status(state: DocumentState) -> str:
    return {DocumentState.DEPRECATED: "inactive", DocumentState.DELETED: "entered-in-error"}.get(
        state, "available"
    )


def _series(series: SeriesSummary) -> dict[str, Any]:
    return {"uid": series.uid, "modality": _modality(series), "numberOfInstances": series.instances}


def _modality(series: SeriesSummary) -> dict[str, Any]:
    if series.modality:
        return {"system": DICOM_TERMS, "code": series.modality}
    return {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
