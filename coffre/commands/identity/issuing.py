"""Options that the commands of `coffre identity issue` share, and how each of them issues an identity."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from coffre.command_line.opening import opened_system
from coffre.command_line.output import listed, show
from records.errors import Invalid

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


def issue(
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
