"""`coffre record`: records of persons."""

from enum import StrEnum
from typing import Annotated

import typer

from coffre.commands.common import MISUSED, AsJson, Data, Operator, refusals, settings_of, show
from records.identity import Traits

record_app = typer.Typer(help="Records of persons.", no_args_is_help=True)


class Sex(StrEnum):
    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


@record_app.command("open")
def record_open(
    ins: Annotated[str, typer.Argument(help="INS: 15 characters, key included.")],
    family_name: Annotated[str, typer.Option(help="Birth name.")],
    given_name: Annotated[str, typer.Option(help="Birth first names.")],
    birth_date: Annotated[str, typer.Option(help="YYYY-MM-DD.")],
    sex: Annotated[Sex, typer.Option(help="F, M or U.")],
    consent: Annotated[
        str, typer.Option(help="How consent was given.")
    ] = "given orally, noted by the operator",
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Open a person's record, with the consent recorded."""
    from coffre.identities import acting, permitted
    from coffre.wiring import System

    with refusals(MISUSED), System(settings_of(data)) as system:
        call = acting(system, operator)
        traits = Traits(family_name, given_name, birth_date, sex.value)
        answer = permitted(
            system.guard.operator.open_record(call, ins, traits, consent_by="operator", consent_how=consent)
        )
        system.guard.housekeeper.sequence()
    public = str(answer.public_id)
    show({"record": public}, as_json, f"Record opened. Its public id is {public}.")
