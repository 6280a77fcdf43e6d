"""`coffre proxy`: the configuration of the nginx that stands before the processes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coffre.command_line.options import AsJson, Data, settings_of
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals
from coffre.settings import Settings
from records.errors import Invalid

if TYPE_CHECKING:
    from coffre.proxy.nginx import Proxied

proxy_app = typer.Typer(help="The proxy before the processes.", no_args_is_help=True)


@proxy_app.callback()
def proxy() -> None:
    """The proxy before the processes."""


@proxy_app.command()
def render(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for nginx.conf and its script.", file_okay=False)
    ],
    listen: Annotated[
        str, typer.Option("--listen", help="Port, or address and port, of both names.")
    ] = "443",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write the configuration of nginx for this site's settings: COFFRE_PUBLIC_URL, COFFRE_PROXY_….

    With COFFRE_MACHINES_URL cards and machines have a name of their own, where nginx asks for certificates.
    """
    with refusals():
        from coffre.proxy.nginx import rendered

        folder = out.absolute()
        files = rendered(_site(settings_of(data), listen), folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content)
    paths = [str(folder / name) for name in files]
    show({"files": paths}, as_json, "\n".join([*paths, f"Try it: nginx -t -c {folder}/nginx.conf"]))


def _site(settings: Settings, listen: str) -> "Proxied":
    from coffre.proxy.nginx import Proxied, host_of, read_processes

    wanted = {
        "COFFRE_PUBLIC_URL": settings.public_url,
        "COFFRE_PROXY_CERTIFICATE": settings.proxy_certificate,
        "COFFRE_PROXY_KEY": settings.proxy_key,
    }
    if missing := [name for name, value in wanted.items() if value is None]:
        raise Invalid(f"A proxy wants {', '.join(missing)}.", code="bad_setting")
    assert settings.public_url and settings.proxy_certificate and settings.proxy_key
    return Proxied(
        people=host_of(settings.public_url),
        machines=host_of(settings.machines_url) if settings.machines_url else None,
        processes=read_processes(settings.proxy_processes),
        certificate=settings.proxy_certificate.absolute(),
        key=settings.proxy_key.absolute(),
        authorities=settings.proxy_authorities.absolute() if settings.proxy_authorities else None,
        listen=listen,
    )
