"""The messages of Terraform's plugin protocol 5 (tfplugin5.proto of hashicorp/terraform) that a provider
without functions needs; fields that are not read here are left out, which protobuf allows.
"""

from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TYPES = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
}
_VALUE, _TOLD = "DynamicValue", "*Diagnostic"
_TYPED = {"type_name": (1, "string"), "config": (2, _VALUE)}
_MESSAGES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "DynamicValue": {"msgpack": (1, "bytes"), "json": (2, "bytes")},
    "Diagnostic": {"severity": (1, "int64"), "summary": (2, "string"), "detail": (3, "string")},
    "Attribute": {
        "name": (1, "string"),
        "type": (2, "bytes"),
        "required": (4, "bool"),
        "optional": (5, "bool"),
        "computed": (6, "bool"),
        "sensitive": (7, "bool"),
    },
    "NestedBlock": {
        "type_name": (1, "string"),
        "block": (2, "Block"),
        "nesting": (3, "int64"),
        "min_items": (4, "int64"),
        "max_items": (5, "int64"),
    },
    "Block": {"version": (1, "int64"), "attributes": (2, "*Attribute"), "block_types": (3, "*NestedBlock")},
    "Schema": {"version": (1, "int64"), "block": (2, "Block")},
    "Named": {"key": (1, "string"), "value": (2, "Schema")},
    "Empty": {},
    "Schemas": {
        "provider": (1, "Schema"),
        "resource_schemas": (2, "*Named"),
        "data_source_schemas": (3, "*Named"),
        "diagnostics": (4, _TOLD),
        "provider_meta": (5, "Schema"),
    },
    "Prepare": {"config": (1, _VALUE)},
    "Prepared": {"prepared_config": (1, _VALUE), "diagnostics": (2, _TOLD)},
    "Typed": _TYPED,
    "Judged": {"diagnostics": (1, _TOLD)},
    "Configure": {"terraform_version": (1, "string"), "config": (2, _VALUE)},
    "Stored": {"type_name": (1, "string"), "version": (2, "int64"), "raw_state": (3, "Raw")},
    "Raw": {"json": (1, "bytes")},
    "Upgraded": {"upgraded_state": (1, _VALUE), "diagnostics": (2, _TOLD)},
    "Read": {"type_name": (1, "string"), "current_state": (2, _VALUE)},
    "State": {"state": (1, _VALUE), "diagnostics": (2, _TOLD)},
    "Plan": {
        "type_name": (1, "string"),
        "prior_state": (2, _VALUE),
        "proposed_new_state": (3, _VALUE),
        "config": (4, _VALUE),
    },
    "Planned": {
        "planned_state": (1, _VALUE),
        "planned_private": (3, "bytes"),
        "diagnostics": (4, _TOLD),
        "legacy_type_system": (5, "bool"),
    },
    "Apply": {
        "type_name": (1, "string"),
        "prior_state": (2, _VALUE),
        "planned_state": (3, _VALUE),
        "config": (4, _VALUE),
    },
    "Applied": {
        "new_state": (1, _VALUE),
        "private": (2, "bytes"),
        "diagnostics": (3, _TOLD),
        "legacy_type_system": (4, "bool"),
    },
    "Stopped": {"error": (1, "string")},
}


def _made() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="tfplugin5.proto", package="tfplugin5", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            bare = kind.removeprefix("*")
            added = message.field.add(name=field, number=number, label=3 if kind.startswith("*") else 1)
            if bare in _TYPES:
                added.type = _TYPES[bare]
            else:
                added.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
                added.type_name = f".tfplugin5.{bare}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tfplugin5.{name}"))
        for name in _MESSAGES
    }


MESSAGES = _made()
"""Message classes by name; a map of the protocol is a list of `Named` here, which is how it is written."""
