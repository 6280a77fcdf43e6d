"""`coffre vault rotate-secrets`: two operators give accountability and the system's chains new keys."""

from coffre.command_line.options import AsJson, Data, Yes, settings_of
from coffre.command_line.output import confirm, show
from coffre.command_line.refusals import refusals
from coffre.command_line.two_operators import First, Second, both


def rotate_secrets(
    operator: First = None,
    second_operator: Second = None,
    yes: Yes = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Give accountability lines and the system's chains new keys. What the former sealed stays readable.

    A vault made by version 0.1 derives its keys apart from the first rotation on.
    """
    from coffre.safekeeping import rotating

    with refusals():
        calls = both(operator, second_operator)
        confirm(yes, "Draw new keys for accountability and the system's chains?")
        found = rotating.rotate_secrets(settings_of(data), calls)
    text = ", ".join(f"{name} has version {version}" for name, version in found.versions.items())
    show({"versions": found.versions}, as_json, f"{text}.")
