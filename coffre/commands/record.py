"""`coffre record`: records of persons."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data, Operator
from coffre.command_line.output import err, show
from coffre.command_line.refusals import refusals
from records.card.consent import check_consent
from records.errors import Invalid
from records.people.identity import Traits
from records.vocabulary.codes import ConsentMeans

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
        ConsentMeans | None,
        typer.Option(help=r"How the person gave consent.  \[asked for on a terminal]", show_default=False),
    ] = None,
    operator: Operator = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Open a person's record, with the consent recorded."""
    with refusals():
        means = consent or _asked_consent()
    with opened_installation(data) as installation:
        from coffre.operators.calls import acting, permitted

        call = acting(installation, operator)
        traits = Traits(family_name, given_name, birth_date, sex.value)
        answer = permitted(
            installation.guard.operator.open_record(
                call, ins, traits, consent_by="operator", consent_how=means.value
            )
        )
        installation.guard.housekeeper.sequence()
    public = str(answer.public_id)
    show({"record": public}, as_json, f"Record opened. Its public id is {public}.")


def _asked_consent() -> ConsentMeans:
    """Consent is said, never assumed: asked of who sits at a terminal. Raises Invalid `consent_missing`."""
    if not sys.stdin.isatty():
        raise Invalid(
            f"Say how the person gave consent: --consent {'|'.join(ConsentMeans)}.", code="consent_missing"
        )
    while True:
        try:
            asked = f"How did the person give consent ({', '.join(ConsentMeans)})?"
            return check_consent(typer.prompt(asked, err=True).strip().lower())
        except Invalid as error:
            err().print(error.sentence)
