"""Intake: what deposits."""

from fastapi import FastAPI

from coffre.processes.run import bell_of
from coffre.serving.callers.authentication import Authentication
from coffre.serving.own_deposits import IntakeDeposits
from coffre.serving.parts.served import ServedPart
from coffre.wiring import System
from ingestion.intake.routes import entries, fhir, stow
from storage.index.waking import FINISHED
from viewer_api.web.profile import forms as profile_forms
from viewer_api.web.sessions import Sessions
from viewer_api.web.site import Site


def install_intake(
    app: FastAPI, system: System, public_url: str, only: ServedPart | None, sessions: Sessions
) -> None:
    """What deposits, the forms of the pages as well; it never calls the vault."""
    ring = bell_of(system)[0] if only is ServedPart.INTAKE else system.bells.ring
    intake, depositor = system.intake(ring), Authentication.of(system).depositor(public_url)
    system.wake(FINISHED, system.verdicts.done)
    app.include_router(stow.router(intake, depositor, public_url))
    app.include_router(fhir.router(intake, depositor, public_url))
    app.include_router(entries.router(intake, depositor, public_url))
    own = IntakeDeposits(intake, Authentication.of(system), system.page_key)
    app.include_router(profile_forms.router(Site(sessions, system.identity.environment), own))
