"""Registers search attributes with a Temporal server and says which are missing.

Which attributes there are is `workflows.cockpit`'s plan; it is handed in.
"""

from collections.abc import Iterable
from typing import Any

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType, SearchAttributeKey

_WIRE_TYPES = {
    SearchAttributeIndexedValueType.TEXT: IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    SearchAttributeIndexedValueType.KEYWORD: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    SearchAttributeIndexedValueType.INT: IndexedValueType.INDEXED_VALUE_TYPE_INT,
    SearchAttributeIndexedValueType.DOUBLE: IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    SearchAttributeIndexedValueType.BOOL: IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    SearchAttributeIndexedValueType.DATETIME: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    SearchAttributeIndexedValueType.KEYWORD_LIST: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


class SearchAttributeClash(RuntimeError):
    """The server knows an attribute of that name with another type; it cannot be changed there."""


async def missing(client: Client, keys: Iterable[SearchAttributeKey[Any]]) -> list[str]:
    """The names the server does not know yet. Raises SearchAttributeClash on another type."""
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    unknown: list[str] = []
    for key in keys:
        known = answer.custom_attributes.get(key.name)
        if known is None:
            unknown.append(key.name)
        elif known != _WIRE_TYPES[key.indexed_value_type]:
            raise SearchAttributeClash(
                f"search attribute {key.name} exists as {IndexedValueType.Name(known)}"
            )
    return unknown


async def register(client: Client, keys: Iterable[SearchAttributeKey[Any]]) -> list[str]:
    """Make every attribute known to the server; safe to run twice. Returns the new names."""
    planned = {key.name: key for key in keys}
    unknown = await missing(client, planned.values())
    if unknown:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace,
                search_attributes={
                    name: _WIRE_TYPES[planned[name].indexed_value_type] for name in unknown
                },
            )
        )
    return unknown
