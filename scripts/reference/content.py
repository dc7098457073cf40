"""Kinds of content and their keys, from the models that load the files."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from scripts.reference.markdown import code, page, table, words
from scripts.reference.models import field_rows
from sec_ops.content.kinds import KINDS, Kind
from sec_ops.content.overlay import PATCHABLE

__all__ = ["content_page"]


def content_page() -> str:
    """Return the page of content kinds."""
    head = ("kind", "where", "objects a file", "overlay by a site", "runs on hosts")
    shared = _shared_models()
    return page(
        "Content",
        "YAML 1.2 without tags, anchors and merge keys. A file's name without `.yml` is the object's id, unless the "
        "file holds a list of them. Unknown keys are refused. JSON Schemas for editors: `sec-ops content schema`.",
        table(head, [_kind_row(kind) for kind in KINDS.values()]),
        "In a site, a file of the same kind and place adds an object; `overrides: <id>` replaces a shipped one; "
        f"`patches: <id>` changes only {', '.join(code(key) for key in PATCHABLE)} of it, parameters as name: value.",
        *(_section(f"{kind.name}", kind.model) for kind in KINDS.values() if kind.model.model_fields),
        "## Parts of these",
        *(_section(name, model, depth=3) for name, model in shared.items()),
    )


def _kind_row(kind: Kind[Any]) -> tuple[str, ...]:
    where = ", ".join(code(f"{kind.folder}/{pattern}") for pattern in kind.files)
    overlay = "none: an example, never mixed with a site's own" if kind.example else "`overrides`"
    overlay += ", `patches`" if kind.patchable and not kind.example else ""
    executes = {"checks": "yes, with a probe of its own: needs approval", "probes": "yes: needs approval"}
    executes["suppressions"] = "no, and holds only when approved"
    executes["plans"] = "yes, with hooks, command sources or passwords told by a command: needs approval"
    executes["repositories"] = "yes, when a command tells a secret: needs approval"
    executes["recoveries"] = "no, but in a drill's sandbox, with a program or a command: needs approval"
    many = f"a list under {code(kind.items)}" if kind.items else "one"
    return (
        f"[{kind.name}](#{kind.name})" if kind.model.model_fields else kind.name,
        where,
        many,
        overlay,
        executes.get(kind.name, "no"),
    )


def _section(title: str, model: type[BaseModel], depth: int = 2) -> str:
    head = f"{'#' * depth} {title}\n\n{words(model.__doc__ or '')}"
    return f"{head}\n\n{table(('key', 'type', 'meaning'), field_rows(model))}"


def _shared_models() -> dict[str, type[BaseModel]]:
    """Return the models inside the kinds' models by name, in the order they are met."""
    tops = {kind.model for kind in KINDS.values()}
    found: dict[str, type[BaseModel]] = {}
    waiting = [inner for kind in KINDS.values() for inner in _inner(kind.model)]
    while waiting:
        model = waiting.pop(0)
        if model not in tops and model.__name__ not in ("Text", *found):
            found[model.__name__] = model
            waiting += _inner(model)
    return found


def _inner(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [each for field in model.model_fields.values() for each in _models_in(field.annotation)]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)
