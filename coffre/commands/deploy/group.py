"""`coffre deploy`: what machines of a site need, from one description of it."""

import typer

from coffre.commands.deploy.folders import folders
from coffre.commands.deploy.passwords import passwords
from coffre.commands.deploy.render import render
from coffre.commands.deploy.secrets import secrets

deploy_app = typer.Typer(
    help="Units, users and settings of a site, from one description.", no_args_is_help=True
)
deploy_app.command("render")(render)
deploy_app.command("secrets")(secrets)
deploy_app.command("folders")(folders)
deploy_app.command("passwords")(passwords)
