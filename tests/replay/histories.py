"""Histories as files: payloads opened so that a person can read them, names of machines taken out.

What is stored is what Temporal stored, with two changes: a payload stands there as the JSON it
holds, and whoever ran it is nobody.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.converter import PayloadCodec

HERE = Path(__file__).parent
RECORDED = HERE / "histories"
EARLIER = HERE / "earlier"
"""Recorded by a version before the newest `workflow.patched`; kept until such cases are over."""

MUST_FAIL = HERE / "must_fail"

OPENED = "$json"
NOBODY = "nobody"
_PLAIN = base64.b64encode(b"json/plain").decode()


def read(path: Path) -> WorkflowHistory:
    """A stored history, as the replayer wants it."""
    events = _changed(json.loads(path.read_text(encoding="utf-8")), _closed)
    return WorkflowHistory.from_json(path.stem, events)


def texts(path: Path) -> Iterator[str]:
    """Every text in a stored history."""
    yield from _texts(json.loads(path.read_text(encoding="utf-8")))


async def write(path: Path, history: WorkflowHistory, codec: PayloadCodec) -> None:
    """Store a history."""
    events = json.loads(history.to_json())
    sealed = list(_payloads(events))
    plain = await codec.decode([_payload(node) for node in sealed])
    opened = {id(node): _readable(payload) for node, payload in zip(sealed, plain, strict=True)}
    readable = _changed(events, lambda node: opened.get(id(node), node))
    text = json.dumps(_anonymous(readable), ensure_ascii=False, indent=1, sort_keys=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def _is_payload(node: dict[str, Any]) -> bool:
    return "encoding" in node.get("metadata", {})


def _payload(node: dict[str, Any]) -> Payload:
    metadata = {key: base64.b64decode(value) for key, value in node["metadata"].items()}
    return Payload(metadata=metadata, data=base64.b64decode(node.get("data", "")))


def _readable(payload: Payload) -> dict[str, Any]:
    if payload.metadata.get("encoding") == b"json/plain":
        types = {key: value.decode() for key, value in payload.metadata.items()}
        del types["encoding"]
        return {OPENED: json.loads(payload.data), **({"types": types} if types else {})}
    metadata = {key: base64.b64encode(value).decode() for key, value in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}


def _closed(node: dict[str, Any]) -> dict[str, Any]:
    if OPENED not in node:
        return node
    types = {
        key: base64.b64encode(value.encode()).decode()
        for key, value in node.get("types", {}).items()
    }
    data = json.dumps(node[OPENED], ensure_ascii=False, separators=(",", ":")).encode()
    return {"metadata": {"encoding": _PLAIN, **types}, "data": base64.b64encode(data).decode()}


def _anonymous(node: Any) -> Any:
    if isinstance(node, list):
        return [_anonymous(one) for one in node]
    if isinstance(node, dict):
        return {
            key: NOBODY if key in ("identity", "workerId") else _anonymous(value)
            for key, value in node.items()
            if key not in ("binaryChecksum", "workerVersion", "stackTrace")
        }
    return node


def _changed(node: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """The same tree with every mapping changed, from the top down; a changed one is left alone."""
    if isinstance(node, list):
        return [_changed(one, change) for one in node]
    if not isinstance(node, dict):
        return node
    changed = change(node)
    if changed is not node or _is_payload(node):
        return changed
    return {key: _changed(value, change) for key, value in node.items()}


def _payloads(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from _payloads(one)
    elif isinstance(node, dict):
        if _is_payload(node):
            yield node
        else:
            for value in node.values():
                yield from _payloads(value)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for one in node:
            yield from _texts(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield key
            yield from _texts(value)
