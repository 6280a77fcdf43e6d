"""Reader: lists, grants, choices, the log."""

from fastapi import FastAPI

from coffre.installation.places import read_secret
from coffre.serving import fhir as fhir_reading
from coffre.serving import submissions
from coffre.serving.callers.authentication import Authentication
from coffre.wiring import System
from records.fhir.addresses import Addresses
from viewer_api.access import Access
from viewer_api.fhir import routes as fhir_routes
from viewer_api.fhir.reading import FhirReading
from viewer_api.grant_addresses import AddressedGrants
from viewer_api.granting import Granting
from viewer_api.notices import Notices
from viewer_api.opener import routes as opener
from viewer_api.opener.files import OpenerFiles
from viewer_api.own_log import OwnLog
from viewer_api.qido.searches import Searches
from viewer_api.routes import audit, choices, grants, me, notices, objects, qido, records, refusals, teams
from viewer_api.routes.objects import Presigner
from viewer_api.teams import Teams


def install_reader(app: FastAPI, system: System, public_url: str) -> None:
    """Lists, grants, choices, the log."""
    credential = Authentication.of(system).credential(public_url)
    presigner = Presigner(read_secret(system.places.url_key), public_url)
    presign = objects.addresses(system.objects, presigner, relayed=system.settings.relays_objects)
    access = Access(system.index, system.reader_door)
    addressed = AddressedGrants(Granting(system.index, system.reader_door), system.reader_door, presign)
    app.include_router(records.router(access, credential))
    app.include_router(choices.router(access, credential))
    app.include_router(refusals.router(access, credential))
    app.include_router(notices.router(Notices(system.reader_door), credential))
    app.include_router(teams.router(Teams(system.reader_door), credential))
    app.include_router(me.router(OwnLog(system.reader_door), credential))
    searches = Searches(system.index, system.reader_door, public_url)
    is_depositor = Authentication.of(system).is_depositor
    app.include_router(qido.router(searches, credential, is_depositor, public_url))
    app.include_router(grants.router(addressed, credential))
    app.include_router(objects.router(system.objects, system.reader_door, presigner))
    app.include_router(audit.router(system.guard.public))
    app.include_router(opener.router(OpenerFiles(), system.settings.objects_public_url))
    addresses = Addresses(public_url)
    reading = FhirReading(access, OwnLog(system.reader_door), addresses)
    depositor = Authentication.of(system).depositor(public_url)
    app.include_router(fhir_reading.reading(access, reading, credential, depositor))
    app.include_router(submissions.router(system.index, access, credential, depositor))
    app.include_router(fhir_routes.router(reading, credential, addresses.base))
