"""Calls of the guard's verbs as JSON, typed by the verbs' own signatures.

A request is `{"verb", "args": {name: value}}`, an answer `{"type", "value"}` or `{"error": {"kind", "code",
"sentence"}}`. Both sides read the same annotations, so that nothing but what a verb declares can cross.
"""

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from keyvault.credentials.refusing import CredentialError
from keyvault.grants.grant import GrantError
from records.errors import CoffreError, Conflict, Invalid, NotFound, Refused

LARGEST_MESSAGE = 256 * 2**20
_ERRORS: Mapping[str, type[CoffreError]] = {
    kind.__name__: kind
    for kind in (CoffreError, Refused, Invalid, Conflict, NotFound, CredentialError, GrantError)
}
_READABLE: Mapping[Any, Any] = {Sequence: list, Iterable: list, Mapping: dict}


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb's signature as types that can be read from JSON."""

    name: str
    parameters: Mapping[str, Any]
    answers: Mapping[str, Any]

    def write_call(self, arguments: Mapping[str, object]) -> bytes:
        return msgspec.json.encode({"verb": self.name, "args": arguments})

    def read_arguments(self, raw: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
        """Raises `Invalid` "bad_call" for an unknown argument or one of another type."""
        try:
            return {name: msgspec.json.decode(raw[name], type=self.parameters[name]) for name in raw}
        except (KeyError, msgspec.MsgspecError):
            raise Invalid(
                "The vault was asked in a way it doesn't know: run one version in all processes.",
                code="bad_call",
            ) from None

    def write_answer(self, answer: object) -> bytes:
        return msgspec.json.encode({"type": type(answer).__name__, "value": answer})

    def read_answer(self, data: bytes) -> Any:
        """The verb's answer; raises what the verb raised."""
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if "error" in found:
            raise read_error(found["error"])
        kind = self.answers[msgspec.json.decode(found["type"], type=str)]
        return None if kind is None else msgspec.json.decode(found["value"], type=kind)


def verbs_of(door: type) -> dict[str, Verb]:
    """Every public method of a door."""
    found = inspect.getmembers(door, inspect.isfunction)
    return {name: _verb(name, method) for name, method in found if not name.startswith("_")}


def write_error(error: CoffreError) -> bytes:
    kind = next(cls.__name__ for cls in type(error).__mro__ if cls.__name__ in _ERRORS)
    told = {"kind": kind, "code": error.code, "sentence": error.sentence}
    return msgspec.json.encode({"error": told})


def read_error(raw: bytes | msgspec.Raw) -> CoffreError:
    told = msgspec.json.decode(raw, type=dict[str, str])
    return _ERRORS.get(told["kind"], CoffreError)(told["sentence"], code=told["code"])


def read_call(data: bytes) -> tuple[str, dict[str, msgspec.Raw]]:
    """The name of the verb and its arguments, not yet read. Raises `Invalid` "bad_call"."""
    try:
        found = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        return (
            msgspec.json.decode(found["verb"], type=str),
            msgspec.json.decode(found["args"], type=dict[str, msgspec.Raw]),
        )
    except (KeyError, msgspec.MsgspecError):
        raise Invalid(
            "The vault was asked in a way it doesn't know: run one version in all processes.", code="bad_call"
        ) from None


def _verb(name: str, method: Callable[..., Any]) -> Verb:
    hints = typing.get_type_hints(method)
    answer = hints.pop("return")
    choices = typing.get_args(answer) if _is_union(answer) else (answer,)
    return Verb(
        name,
        {parameter: _readable(hint) for parameter, hint in hints.items()},
        {_type_name(choice): None if choice is types.NoneType else _readable(choice) for choice in choices},
    )


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _type_name(hint: Any) -> str:
    origin = typing.get_origin(hint) or hint
    return str(origin.__name__)


def _readable(hint: Any) -> Any:
    """Abstract collections as the concrete ones that JSON becomes."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in _READABLE:
        return _READABLE[origin][tuple(_readable(argument) for argument in arguments)]
    if _is_union(hint):
        return typing.Union[tuple(_readable(argument) for argument in arguments)]  # noqa: UP007
    return hint
