"""`coffre identity`: identities of the demo authority, in demo and test only."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from coffre.command_line.opening import opened_system
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import listed, show
from coffre.commands.identity_withdraw import withdraw
from records.errors import Invalid
from records.vocabulary.sectors import OWN_PRACTICE

identity_app = typer.Typer(
    help="Identities of the demo authority (demo and test only).", no_args_is_help=True
)
issue_app = typer.Typer(
    help="Issue an identity: files with a token, a certificate and its key; --json prints the token, too.",
    no_args_is_help=True,
)
identity_app.add_typer(issue_app, name="issue")
identity_app.command("withdraw")(withdraw)
Out = Annotated[
    Path, typer.Option("--out", help="Folder for the files (0600), never inside the data directory.")
]
DEFAULT_OUT = Path("coffre-identities")
Link = Annotated[
    str | None, typer.Option("--link", help="Also print a sign-in link for the pages at this origin.")
]


Bound = Annotated[
    bool, typer.Option("--bound", help="Bind the token to the key: useless to whoever has not both.")
]


def _issue(
    data: Path | None,
    out: Path,
    link: str | None,
    bound: bool,
    as_json: bool,
    name: str,
    role: str,
    **claims: Any,
) -> None:
    with opened_system(data) as system:
        from coffre.demo_authority import identity_files
        from coffre.demo_authority.identities import Identities

        if bound and link is not None:
            raise Invalid("The pages take bearer tokens: give --link or --bound.", code="bad_request")
        identities = Identities(system)
        certified = identity_files.certify(system, name)
        if bound:
            claims["key"] = certified.thumbprint
        token = getattr(identities, role)(**claims)
        issued = identity_files.write(system, out, name, token, certified)
        if link is not None:
            issued["link"] = identity_files.sign_in_link(system, token, link)
    until = datetime.fromtimestamp(issued["expires"], UTC).isoformat()
    # the token itself is for programs alone: printed here, it would stay on the screen and in the scrollback
    paths = {name: value for name, value in issued.items() if name != "token"}
    show(issued, as_json, listed({**paths, "expires": until}))


@issue_app.command()
def depositor(
    structure: Annotated[str, typer.Option(help="National number of the structure, such as 1750000001.")],
    setting: Annotated[str | None, typer.Option(help="AMO for the health insurer's feed.")] = None,
    data: Data = None,
    out: Out = DEFAULT_OUT,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """A laboratory's or hospital's system that deposits."""
    name = f"depositor-{structure}"
    _issue(data, out, None, bound, as_json, name, "depositor", structure=structure, setting=setting)


@issue_app.command()
def professional(
    rpps: Annotated[str, typer.Option(help="National number, such as 899700024450.")],
    profession: Annotated[str, typer.Option(help="Code of TRE_G15: 10 doctor, 60 nurse…")],
    structure: Annotated[str, typer.Option(help="National number of the structure.")],
    sector: Annotated[str, typer.Option(help="Sector of activity, SA….")] = OWN_PRACTICE,
    setting: Annotated[str | None, typer.Option(help="SAMU_SMUR for a regulation centre.")] = None,
    data: Data = None,
    out: Out = DEFAULT_OUT,
    link: Link = None,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """A doctor, nurse or other professional."""
    _issue(
        data,
        out,
        link,
        bound,
        as_json,
        f"professional-{rpps}",
        "professional",
        rpps=rpps,
        profession=profession,
        structure=structure,
        sector=sector,
        setting=setting,
    )


@issue_app.command()
def patient(
    ins: Annotated[str, typer.Option(help="INS: 15 characters, key included.")],
    data: Data = None,
    out: Out = DEFAULT_OUT,
    link: Link = None,
    bound: Bound = False,
    as_json: AsJson = False,
) -> None:
    """The holder of a record."""
    _issue(data, out, link, bound, as_json, "patient", "patient", ins_text=ins)


@issue_app.command()
def operator(
    name: Annotated[str, typer.Option(help="Who operates; two of different names rotate keys together.")],
    data: Data = None,
    out: Out = DEFAULT_OUT,
    as_json: AsJson = False,
) -> None:
    """Somebody who operates this Coffre, for five minutes."""
    file = "-".join(name.casefold().split())
    _issue(data, out, None, False, as_json, f"operator-{file}", "named_operator", person=name)
