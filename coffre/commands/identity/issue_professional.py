"""`coffre identity issue professional`: a doctor, nurse or other professional."""

from typing import Annotated

import typer

from coffre.command_line.options import AsJson, Data
from coffre.commands.identity.issuing import DEFAULT_OUT, Bound, Link, Out, issue
from records.vocabulary.sectors import OWN_PRACTICE


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
    issue(
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
