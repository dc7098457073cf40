"""A `_bulk` request taken apart, and its answer: NDJSON of actions and documents, as Elasticsearch's Bulk API has it.

Documents are kept byte for byte as they were sent. `index` and `create` are taken; events are never changed or
removed, so `update` and `delete` are refused one by one.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sec_ops.siem.listen.body import Refusal
from sec_ops.siem.raw.log import Appended

__all__ = ["Item", "bulk_answer", "read_bulk"]

DOCUMENT_BYTES = 16 * 1024 * 1024
_ID_BYTES = 512
_ACTIONS = ("index", "create", "update", "delete")
_BLANK = re.compile(rb"[ \t\r]*")


@dataclass(frozen=True, slots=True)
class Item:
    """One action with its document; `fault` (type and reason) says why it is not taken."""

    action: str
    index: str
    id: str | None
    record: bytes
    fault: tuple[str, str] | None = None


def read_bulk(body: bytes, index: str) -> Sequence[Item] | Refusal:
    """Return the items of a request, or why the whole of it can't be taken; `index` is the one in its address."""
    lines = body.split(b"\n")
    if lines.pop():
        return _refused("illegal_argument_exception", "The bulk request must be terminated by a newline [\\n]")
    items: list[Item] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if _BLANK.fullmatch(line):
            continue
        action = _action(line)
        if isinstance(action, str):
            return _refused("illegal_argument_exception", f"Malformed action/metadata line [{number}], {action}")
        name, about = action
        record = b""
        if name != "delete":
            if number == len(lines):
                return _refused("illegal_argument_exception", f"Action line [{number}] has no source line")
            record = lines[number].removesuffix(b"\r")
            number += 1
        items.append(_item(name, about, index, record))
    if not items:
        return _refused("parse_exception", "request body is required")
    return items


def bulk_answer(items: Sequence[Item], appended: Appended | None, took_ms: int) -> dict[str, Any]:
    """Return the answer to a request whose good items were appended; None when it had none."""
    results = []
    known: Collection[int] = appended.known if appended else ()
    taken = kept = 0
    for item in items:
        if item.fault:
            results.append({item.action: _failed(item, 400, *item.fault)})
            continue
        if taken in known:
            results.append({item.action: _seen(item)})
        else:
            results.append({item.action: _created(item, appended, kept)})
            kept += 1
        taken += 1
    errors = any("error" in result for each in results for result in each.values())
    return {"took": took_ms, "errors": errors, "items": results}


def _action(line: bytes) -> tuple[str, Mapping[str, Any]] | str:
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "it is no JSON"
    if not isinstance(parsed, dict) or len(parsed) != 1:
        return "expected an object with one action"
    ((name, about),) = parsed.items()
    if name not in _ACTIONS:
        return "expected one of index, create, update, delete"
    if about is not None and not isinstance(about, dict):
        return "the action's value is no object"
    return name, about or {}


def _item(name: str, about: Mapping[str, Any], index: str, record: bytes) -> Item:
    place = about.get("_index", index)
    given = about.get("_id")
    identity = None if given is None else str(given)
    fault = _fault(name, identity, record)
    return Item(name, place if isinstance(place, str) else index, identity, record, fault)


def _fault(name: str, identity: str | None, record: bytes) -> tuple[str, str] | None:
    if name in ("update", "delete"):
        return "illegal_argument_exception", f"events are kept as they came: no {name}"
    if identity is not None and not identity:
        return "illegal_argument_exception", "if _id is specified it must not be empty"
    if identity is not None and len(identity.encode(errors="replace")) > _ID_BYTES:
        return "illegal_argument_exception", f"id is too long, must be no longer than {_ID_BYTES} bytes"
    if len(record) > DOCUMENT_BYTES:
        return "document_parsing_exception", f"the document is larger than {DOCUMENT_BYTES} bytes"
    try:
        if isinstance(orjson.loads(record), dict):
            return None
    except orjson.JSONDecodeError as error:
        return "document_parsing_exception", f"failed to parse: {error}"
    return "document_parsing_exception", "failed to parse: the document is no object"


def _created(item: Item, appended: Appended | None, position: int) -> dict[str, Any]:
    place = appended.place if appended else None
    named = item.id if item.id is not None or place is None else place.record(position)
    return {**_about(item, named), "result": "created", "status": 201}


def _seen(item: Item) -> dict[str, Any]:
    """Say that a document is there already: a conflict for `create`, nothing to do for `index`."""
    if item.action == "create":
        reason = f"[{item.id}]: version conflict, document already exists (current version [1])"
        return _failed(item, 409, "version_conflict_engine_exception", reason)
    return {**_about(item, item.id), "result": "noop", "status": 200}


def _about(item: Item, identity: str | None) -> dict[str, Any]:
    return {
        "_index": item.index,
        "_id": identity,
        "_version": 1,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": 0,
        "_primary_term": 1,
    }


def _failed(item: Item, status: int, kind: str, reason: str) -> dict[str, Any]:
    error = {"type": kind, "reason": reason, "index": item.index}
    return {"_index": item.index, "_id": item.id, "status": status, "error": error}


def _refused(kind: str, reason: str) -> Refusal:
    return Refusal(400, kind, reason)
