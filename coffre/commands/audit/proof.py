"""`coffre audit proof`: check lines of an access log that somebody kept, or print the proof of an entry."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coffre.command_line.opening import opened_installation
from coffre.command_line.options import AsJson, Data
from coffre.command_line.output import show
from coffre.command_line.refusals import refusals

if TYPE_CHECKING:
    from audit.line_proof import ProvenLine


def proof(
    file: Annotated[
        Path | None, typer.Argument(help="A file of proofs, as the page « Qui a consulté » offers it.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key", help="The log's public key, base64url, from where you trust it; without --data."
        ),
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", help="The log's name, if it must be this.")
    ] = None,
    leaf: Annotated[
        str | None, typer.Option("--leaf", help="Print the proof of this entry: 64 hexadecimal digits.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Check lines of an access log that somebody kept: signature, place in the tree, event of each.

    With --key it needs neither a data directory nor the network. With --leaf it prints the proof of one entry
    of this installation instead (C2SP tlog-proof).
    """
    if (file is None) == (leaf is None):
        raise typer.BadParameter("Name either a file of proofs or, with --leaf, an entry.")
    if leaf is not None:
        with opened_installation(data) as installation:
            typer.echo(installation.guard.public.proof(_digest(leaf)), nl=False)
        return
    assert file is not None
    if key is None:
        with opened_installation(data) as installation:
            identity = installation.identity
            public, name = identity.checkpoint_public, origin or identity.origin
        _check(file, public, name, as_json)
    else:
        with refusals():
            _check(file, _public(key), origin, as_json)


def _check(file: Path, public: bytes, origin: str | None, as_json: bool) -> None:
    with refusals(judging=True):
        from audit.line_proof import check_line_proof
        from audit.proof import split_proofs
        from coffre.safekeeping.kept_checkpoints import read_note

        found = [check_line_proof(text, public, origin) for text in split_proofs(read_note(file))]
    lines = [_told(each) for each in found]
    last = found[-1].checkpoint
    text = "\n".join(f"{line['time']}  {line['action']:18}  {line['who']}" for line in lines)
    count = "1 line" if len(lines) == 1 else f"{len(lines)} lines"
    told = f"{text}\nProven: {count} of the log {last.origin}, which has {last.size} entries."
    show({"origin": last.origin, "size": last.size, "lines": lines}, as_json, told)


def _told(proven: "ProvenLine") -> dict[str, Any]:
    line = proven.line
    who = [line["actor"].get(name) for name in ("role", "rpps", "structure")]
    return {
        **line,
        "who": " ".join(filter(None, who)),
        "seq": proven.seq,
        "index": proven.index,
        "leaf": proven.leaf.hex(),
    }


def _digest(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32:
        raise typer.BadParameter("An entry is named by its leaf hash: 64 hexadecimal digits.")
    return found


def _public(text: str) -> bytes:
    from records.text.base64url import unb64

    return unb64(text, 32)
