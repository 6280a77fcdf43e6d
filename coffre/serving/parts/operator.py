"""Operators: what the hosting team decides."""

from fastapi import FastAPI

from coffre.serving.callers.authentication import Authentication
from coffre.wiring import System
from ingestion.quarantine import routes as quarantine
from ingestion.quarantine.listing import Quarantine


def install_operator(app: FastAPI, system: System, public_url: str) -> None:
    """What the hosting team decides; the vault accepts each operator's own credential."""
    use_cases = Quarantine(system.index, system.guard.operator)
    app.include_router(quarantine.router(use_cases, Authentication.of(system).credential(public_url)))
