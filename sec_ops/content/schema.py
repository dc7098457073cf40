"""JSON Schemas of content files, for editors: made from the models that load them."""

from typing import Any

from sec_ops.content.kinds import Kind
from sec_ops.content.overlay import PATCHABLE

__all__ = ["json_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: Kind[Any]) -> dict[str, Any]:
    """Return the schema of a kind's files: of one object, or of a list of them with the file's other keys left open.

    A site's replacements (`overrides`) and patches (`patches`) are allowed for the kinds that may be overlaid.
    """
    whole = kind.model.model_json_schema(by_alias=True)
    definitions = whole.pop("$defs", {})
    variants = [whole] if kind.example else _overlaid(kind, whole)
    one = variants[0] if len(variants) == 1 else {"anyOf": variants}
    if kind.items:
        one = {"type": "object", "required": [kind.items], "properties": {kind.items: {"type": "array", "items": one}}}
    return {"$schema": _DIALECT, "title": f"sec-ops {kind.name}", **one, "$defs": definitions}


def _overlaid(kind: Kind[Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    overrides = {"type": "string", "description": "id of the shipped object that this one replaces"}
    replacement = {**whole, "properties": {**whole.get("properties", {}), "overrides": overrides}}
    if not kind.patchable:
        return [replacement]
    changed = {key: whole["properties"][key] for key in PATCHABLE if key in whole["properties"]}
    values = {"type": "object", "description": "parameter to its value in this organisation"}
    patch = {
        "type": "object",
        "required": ["patches"],
        "additionalProperties": False,
        "properties": {"patches": {"type": "string"}, **changed, "parameters": values},
    }
    return [replacement, patch]
