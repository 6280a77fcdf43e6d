"""QIDO-RS: studies, series and instances (PS3.18 section 10.6), filtered by what the caller may see."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from keyvault.credentials.tokens import Credential
from keyvault.verbs.attempt import Call
from keyvault.verbs.rows import SeenDocument
from records.errors import CoffreError, NotFound
from viewer_api.access import Access
from viewer_api.calling import call_of
from viewer_api.conflicts import conflicts, sentences
from viewer_api.presenting_dicom import (
    Study,
    instance_attributes,
    series_attributes,
    series_of,
    studies_of,
    study_attributes,
)
from viewer_api.qido import Found, Query
from viewer_api.qido_attributes import Level
from viewer_api.refusals import NotAuthorised
from viewer_api.study_search import StudyWalk
from viewer_api.summarising import summarised

DICOM_JSON = "application/dicom+json"
PATIENT_ID, STUDY_UID = "00100020", "0020000D"
MOST_NAMED = 100
"""Studies that are looked up by their UIDs, and not found by a walk through the record."""
Answer = tuple[list[dict[str, Any]], list[str]]
"""Items, and warnings about them."""


def _answers(studies: Iterable[Study]) -> Iterator[Found]:
    return ((item, item) for item in map(study_attributes, studies))


def router(access: Access, authenticate: Callable[[Request], Awaitable[Credential]]) -> APIRouter:
    routes = APIRouter(tags=["DICOMweb QIDO-RS"])

    async def search(request: Request, level: Level, work: Callable[..., Answer], *args: str) -> Response:
        call = call_of(request, await authenticate(request))
        query = Query.parse(request.query_params.multi_items(), level)
        items, warnings = await asyncio.to_thread(work, call, query, *args)
        answer = Response(json.dumps(items), media_type=DICOM_JSON)
        for warning in warnings:
            answer.headers.append("Warning", f'299 coffre "{warning}"')
        return answer

    def studies(call: Call, query: Query, ins: str) -> Answer:
        # a viewer in one record may name the patient by any of its identifiers
        asked = query.without(PATIENT_ID)
        named = asked.values_of(STUDY_UID)
        if 0 < len(named) <= MOST_NAMED:
            opened = access.studies(call, ins, named)
            items, warnings = asked.page(_answers(studies_of(map(summarised, opened.documents))))
            return items, [*warnings, *sentences(conflicts(opened.documents))]
        walk = StudyWalk(access.pages(call, ins))
        items, warnings = asked.page(_answers(walk.studies(asked.offset + asked.most)))
        return items, [*warnings, *sentences(walk.conflicts())]

    def studies_by_patient(call: Call, query: Query) -> Answer:
        """Across records nothing is searched: without the patient's INS, or without right, it is empty."""
        ins = query.value_of(PATIENT_ID)
        if ins is None:
            return query.page(())
        try:
            return studies(call, query, ins)
        except (NotAuthorised, CoffreError) as error:
            if error.code in ("not_authorised", "bad_ins", "bad_oid"):
                return query.page(())
            raise

    def series(call: Call, query: Query, ins: str, study: str) -> Answer:
        opened, found = _study(call, ins, study)
        items = (
            (above | item, item)
            for each in found
            for above in [study_attributes(each)]
            for one in series_of(each, opened)
            for item in [series_attributes(above, one)]
        )
        return _told(opened, query.page(items))

    def instances(call: Call, query: Query, ins: str, study: str, only: str | None = None) -> Answer:
        opened, found = _study(call, ins, study)
        items = (
            (above | series_attributes(above, one) | item, item)
            for each in found
            for above in [study_attributes(each)]
            for one in series_of(each, opened)
            if only in (None, one.uid)
            for instance in one.instances
            for item in [instance_attributes(above, one, instance)]
        )
        return _told(opened, query.page(items))

    def _study(call: Call, ins: str, study: str) -> tuple[Sequence[SeenDocument], list[Study]]:
        opened = access.studies(call, ins, [study]).documents
        found = [each for each in studies_of(map(summarised, opened)) if each.key[0] == study]
        if not found:
            raise NotFound("There is no such study in this record.", code="no_such_document")
        return opened, found

    def _told(opened: Sequence[SeenDocument], answer: Answer) -> Answer:
        """With what has to be known of identifiers that two structures used."""
        items, warnings = answer
        return items, [*warnings, *sentences(conflicts(opened))]

    @routes.get("/dicomweb/studies", summary="Studies of the patient named by PatientID (an INS)")
    async def search_all(request: Request) -> Response:
        return await search(request, Level.STUDY, studies_by_patient)

    @routes.get("/records/{ins}/dicomweb/studies", summary="Studies of a record")
    async def search_studies(ins: str, request: Request) -> Response:
        return await search(request, Level.STUDY, studies, ins)

    @routes.get("/records/{ins}/dicomweb/studies/{study}/series", summary="Series of a study")
    async def search_series(ins: str, study: str, request: Request) -> Response:
        return await search(request, Level.SERIES, series, ins, study)

    @routes.get("/records/{ins}/dicomweb/studies/{study}/instances", summary="Instances of a study")
    async def search_instances(ins: str, study: str, request: Request) -> Response:
        return await search(request, Level.INSTANCE, instances, ins, study)

    @routes.get(
        "/records/{ins}/dicomweb/studies/{study}/series/{uid}/instances", summary="Instances of a series"
    )
    async def search_series_instances(ins: str, study: str, uid: str, request: Request) -> Response:
        return await search(request, Level.INSTANCE, instances, ins, study, uid)

    return routes
