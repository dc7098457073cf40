"""From a model's complaints to faults with lines: every one of a value at once, with "did you mean"."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sec_ops.content.yaml_reader import Document, Path, path_text
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message

__all__ = ["did_you_mean", "model_faults"]


def model_faults(error: ValidationError, document: Document, base: Path, model: type[BaseModel]) -> list[Fault]:
    """Return the faults of the value that stands at `base` in the document and was refused by `model`."""
    value = _at(document.value, base)
    details = [(_real_path(value, detail), detail) for detail in error.errors(include_url=False)]
    faults = []
    for path, detail in _without_other_branches(value, details):
        names = _known_keys(model, path[:-1]) if detail["type"] == "extra_forbidden" else ()
        fault = Fault(
            file=document.file,
            line=document.line(base + path),
            path=path_text(base + path),
            message=_message(detail, value, path),
            advice=did_you_mean(str(path[-1]), names) if names and path else None,
        )
        if fault not in faults:
            faults.append(fault)
    return faults


def did_you_mean(given: str, known: Iterable[str]) -> Message | None:
    """Return advice that names the known word nearest to the given one, or None when none is near."""
    near = difflib.get_close_matches(given, sorted(known), n=1, cutoff=0.6)
    return message("did you mean {word}?", word=near[0]) if near else None


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
    for step in path:
        value = value[step]
    return value


def _real_path(value: Any, detail: ErrorDetails) -> Path:  # noqa: ANN401 - any JSON value
    """Return the steps that the value has; the model's names of union branches and key marks fall away."""
    path: list[str | int] = []
    location = detail["loc"]
    for position, step in enumerate(location):
        if (isinstance(value, Mapping) and step in value) or (isinstance(value, list) and step in range(len(value))):
            value = value[step]
            path.append(step)
        elif detail["type"] == "missing" and position == len(location) - 1:
            path.append(step)
    return tuple(path)


def _without_other_branches(
    value: Any,  # noqa: ANN401 - any JSON value
    details: list[tuple[Path, ErrorDetails]],
) -> Iterable[tuple[Path, ErrorDetails]]:
    """Leave out "wants text" about a map that another branch of the union looked into."""
    for path, detail in details:
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other, _ in details)
        if deeper and detail["type"].endswith("_type") and isinstance(_at(value, path), Mapping | list):
            continue
        yield path, detail


def _known_keys(model: type[BaseModel], path: Path) -> set[str]:
    models: list[Any] = [model]
    for step in path:
        if isinstance(step, str):
            fields = [field for each in models for field in _fields(each, step)]
            models = [found for field in fields for found in _models_in(field)]
    return {info.alias or name for each in models for name, info in each.model_fields.items()}


def _fields(model: type[BaseModel], key: str) -> list[Any]:
    return [info.annotation for name, info in model.model_fields.items() if key in (name, info.alias)] or [model]


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models_in(inner)]


_WANTED = {
    "string_type": message("wants text"),
    "int_type": message("wants a whole number"),
    "int_parsing": message("wants a whole number"),
    "int_from_float": message("wants a whole number"),
    "float_type": message("wants a number"),
    "float_parsing": message("wants a number"),
    "bool_type": message("wants true or false"),
    "bool_parsing": message("wants true or false"),
    "list_type": message("wants a list"),
    "tuple_type": message("wants a list"),
    "dict_type": message("wants a map of keys and values"),
    "model_type": message("wants a map of keys and values"),
    "model_attributes_type": message("wants a map of keys and values"),
}
_PLAIN = {
    "missing": message("is missing"),
    "extra_forbidden": message("unknown key"),
    "string_too_short": message("is empty"),
}
_FILLED = {
    "enum": "wants one of {expected}",
    "literal_error": "wants one of {expected}",
    "string_pattern_mismatch": "does not match {pattern}",
    "greater_than_equal": "is below {ge}",
    "less_than_equal": "is above {le}",
    "greater_than": "must be above {gt}",
    "less_than": "must be below {lt}",
    "string_too_long": "is longer than {max_length} characters",
    "too_short": "has fewer than {min_length} entries",
    "too_long": "has more than {max_length} entries",
}


def _message(detail: ErrorDetails, value: Any, path: Path) -> Message:  # noqa: ANN401 - any JSON value
    kind, context = detail["type"], detail.get("ctx", {})
    raised = context.get("error")
    if isinstance(raised, Exception) and raised.args and isinstance(raised.args[0], Message):
        return raised.args[0]
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _WANTED:
        return message("{wanted}, has {given}", wanted=_WANTED[kind], given=_kind_of(_at(value, path)))
    if kind in _FILLED:
        return Message(_FILLED[kind], {name: each for name, each in context.items() if not isinstance(each, Exception)})
    return message("{reason}", reason=detail["msg"])


def _kind_of(value: object) -> Message:
    kinds: tuple[tuple[Any, Message], ...] = (
        (bool, message("a truth value")),
        (int | float, message("a number (write it in quotes if it is text)")),
        (str, message("text")),
        (Mapping, message("a map")),
        (list, message("a list")),
    )
    return next((named for kind, named in kinds if isinstance(value, kind)), message("nothing"))
