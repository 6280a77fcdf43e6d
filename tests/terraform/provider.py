"""Terraform providers with the schemas that the real ones publish, and nothing behind them.

Terraform's own binary asks them as it asks any provider: it refuses what a schema does not have, plans, and
applies. Nothing is made anywhere; what the real provider would learn from its cloud is made up from the name
of the attribute, so that outputs can be read and policies applied elsewhere. They are no test of a cloud.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import msgspec

from tests.terraform.plugin_messages import MESSAGES

SCHEMAS = Path(__file__).parent / "schemas"
UNKNOWN = msgspec.msgpack.Ext(0, b"\0")
ACCOUNT = "123456789012"
_NESTING = {"single": 1, "list": 2, "set": 3}
_MADE: Mapping[str, Any] = {"string": None, "number": 1, "bool": False}


class Provider:
    """One provider of `schemas/NAME.json`; `applied` lists (type, values) of every resource."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.schemas: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
        self.applied: list[tuple[str, dict[str, Any]]] = []

    def methods(self) -> dict[str, tuple[str, Any]]:
        """What each call takes, and who answers it."""
        judge = ("Typed", lambda _: MESSAGES["Judged"]())
        return {
            "GetSchema": ("Empty", self._get_schema),
            "PrepareProviderConfig": (
                "Prepare",
                lambda asked: MESSAGES["Prepared"](prepared_config=asked.config),
            ),
            "ValidateResourceTypeConfig": judge,
            "ValidateDataSourceConfig": judge,
            "Configure": ("Configure", lambda _: MESSAGES["Judged"]()),
            "UpgradeResourceState": ("Stored", self._upgrade),
            "ReadResource": ("Read", lambda asked: MESSAGES["State"](state=asked.current_state)),
            "ReadDataSource": ("Typed", self._read_data),
            "PlanResourceChange": ("Plan", self._plan),
            "ApplyResourceChange": ("Apply", self._apply),
            "Stop": ("Empty", lambda _: MESSAGES["Stopped"]()),
        }

    def _get_schema(self, _: Any) -> Any:
        return MESSAGES["Schemas"](
            provider=_schema(self.schemas["provider"]),
            resource_schemas=self._named("resource"),
            data_source_schemas=self._named("data"),
        )

    def _named(self, kind: str) -> list[Any]:
        return [MESSAGES["Named"](key=name, value=_schema(each)) for name, each in self.schemas[kind].items()]

    def _upgrade(self, asked: Any) -> Any:
        return MESSAGES["Upgraded"](upgraded_state=MESSAGES["DynamicValue"](json=asked.raw_state.json))

    def _read_data(self, asked: Any) -> Any:
        values = _completed(asked.config, self.schemas["data"][asked.type_name], asked.type_name)
        return MESSAGES["State"](state=_value(values))

    def _plan(self, asked: Any) -> Any:
        proposed = msgspec.msgpack.decode(asked.proposed_new_state.msgpack)
        if proposed is not None:
            proposed = _computed_unknown(proposed, self.schemas["resource"][asked.type_name])
        return MESSAGES["Planned"](planned_state=_value(proposed), legacy_type_system=True)

    def _apply(self, asked: Any) -> Any:
        values = _completed(asked.planned_state, self.schemas["resource"][asked.type_name], asked.type_name)
        if values is not None:
            self.applied.append((asked.type_name, values))
        return MESSAGES["Applied"](new_state=_value(values), legacy_type_system=True)


def _schema(found: Mapping[str, Any]) -> Any:
    return MESSAGES["Schema"](block=_block(found))


def _block(found: Mapping[str, Any]) -> Any:
    flags = ("required", "optional", "computed")
    return MESSAGES["Block"](
        attributes=[
            MESSAGES["Attribute"](
                name=name,
                type=json.dumps(each["type"]).encode(),
                **{flag: True for flag in flags if each.get(flag)},
            )
            for name, each in found["attributes"].items()
        ],
        block_types=[
            MESSAGES["NestedBlock"](
                type_name=name,
                block=_block(each["block"]),
                nesting=_NESTING[each["nesting"]],
                min_items=int(each["required"]),
            )
            for name, each in found["blocks"].items()
        ],
    )


def _computed_unknown(values: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a cloud decides is not known before it has decided."""
    known = {
        name: UNKNOWN if values.get(name) is None and each.get("computed") else values.get(name)
        for name, each in schema["attributes"].items()
    }
    return known | {name: values.get(name) for name in schema["blocks"]}


def _completed(given: Any, schema: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    values = msgspec.msgpack.decode(given.msgpack)
    if values is None:
        return None
    found: dict[str, Any] = _filled(values, schema, kind)
    return found


def _filled(values: Mapping[str, Any], schema: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """`values` with what is computed made up: an identifier, an address, an empty list."""
    called = next(
        (str(values[name]) for name in ("name", "bucket", "identifier", "tags") if values.get(name)), kind
    )
    found = dict(values)
    for name, each in schema["attributes"].items():
        if isinstance(values.get(name), msgspec.msgpack.Ext) or (
            values.get(name) is None and each.get("computed")
        ):
            found[name] = _made_up(name, each["type"], kind, called)
    for name in schema["blocks"]:
        found.setdefault(name, None)
    return found


_NAMED = {"account_id": ACCOUNT, "address": "{}.made.eu-west-3.rds.amazonaws.com"}


def _made_up(name: str, kind: Any, of: str, called: str) -> Any:
    if kind == "dynamic":
        return None
    if isinstance(kind, list):
        form = "192.0.2.{n}/32" if name == "cidr_blocks" else f"{of}-{name}-{{n}}"
        return {} if kind[0] == "map" else [form.format(n=n) for n in range(3)]
    if kind != "string":
        return _MADE[kind]
    if name.endswith("arn"):
        return f"arn:aws:made:eu-west-3:{ACCOUNT}:{of}/{called}"
    if name in _NAMED:
        return _NAMED[name].format(called)
    return f"{of}-{called}".replace("_", "-")


def _value(values: Any) -> Any:
    return MESSAGES["DynamicValue"](msgpack=msgspec.msgpack.encode(values))


@contextmanager
def serving(*names: str) -> Iterator[tuple[dict[str, Provider], str]]:
    """Providers on loopback, and what TF_REATTACH_PROVIDERS has to say for Terraform to ask them."""
    providers = {name: Provider(name) for name in names}
    with futures.ThreadPoolExecutor(4) as pool:
        servers, reattach = [], {}
        for name, provider in providers.items():
            server = grpc.server(pool)
            server.add_generic_rpc_handlers((_handlers(provider),))
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            servers.append(server)
            reattach[SOURCES[name]] = {
                "Protocol": "grpc",
                "ProtocolVersion": 5,
                "Pid": 1,
                "Test": True,
                "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
            }
        try:
            yield providers, json.dumps(reattach)
        finally:
            for server in servers:
                server.stop(None).wait()


SOURCES = {"aws": "hashicorp/aws", "openstack": "terraform-provider-openstack/openstack"}


def _handlers(provider: Provider) -> grpc.GenericRpcHandler:
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            lambda asked, _, answer=answer: answer(asked),
            request_deserializer=MESSAGES[takes].FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )
        for name, (takes, answer) in provider.methods().items()
    }
    found: grpc.GenericRpcHandler = grpc.method_handlers_generic_handler("tfplugin5.Provider", handlers)
    return found
