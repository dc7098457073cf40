"""From a model's complaints to faults with lines: every one of a value at once, with "did you mean"."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sec_ops.content.yaml_reader import Document, Path, path_text
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message

__all__ = ["Refusal", "did_you_mean", "model_faults", "refusals"]


def model_faults(error: ValidationError, document: Document, base: Path, model: type[BaseModel]) -> list[Fault]:
    """Return the faults of the value that stands at `base` in the document and was refused by `model`."""
    faults = [
        Fault(
            file=document.file,
            line=document.line(base + each.path),
            path=path_text(base + each.path),
            message=each.what,
            advice=each.advice,
        )
        for each in refusals(error, _at(document.value, base), model)
    ]
    return sorted(faults, key=lambda fault: fault.line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One thing a model refuses, at a path of the value."""

    path: Path
    what: Message
    advice: Message | None


def refusals(error: ValidationError, value: Any, model: type[BaseModel]) -> list[Refusal]:  # noqa: ANN401 - any JSON value
    """Return all that `model` refused of a value."""
    details = [(_real_path(value, detail), detail) for detail in error.errors(include_url=False)]
    return [
        Refusal(
            path=path,
            what=_message(alternatives, _at_or_none(value, path)),
            advice=_advice(alternatives, value, path, model),
        )
        for path, alternatives in _by_path(value, details).items()
    ]


def did_you_mean(given: str, known: Iterable[str]) -> Message | None:
    """Return advice that names the known word nearest to the given one, or None when none is near."""
    near = difflib.get_close_matches(given, sorted(known), n=1, cutoff=0.6)
    return message("did you mean {word}?", word=near[0]) if near else None


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
    for step in path:
        value = value[step]
    return value


def _at_or_none(value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
    for step in path:
        if not _has(value, step):
            return None
        value = value[step]
    return value


def _real_path(value: Any, detail: ErrorDetails) -> Path:  # noqa: ANN401 - any JSON value
    """Return the steps that the value has; the model's names of union branches and key marks fall away."""
    path: list[str | int] = []
    location = detail["loc"]
    for position, step in enumerate(location):
        if _has(value, step):
            value = value[step]
            path.append(step)
        elif detail["type"] == "missing" and position == len(location) - 1:
            path.append(step)
    return tuple(path)


def _has(value: object, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, Mapping) and step in value


def _by_path(value: Any, details: list[tuple[Path, ErrorDetails]]) -> dict[Path, list[ErrorDetails]]:  # noqa: ANN401
    """Gather what is said of one spot; leave out a union's branch when another branch looked deeper into the value."""
    found: dict[Path, list[ErrorDetails]] = {}
    for path, detail in details:
        deeper = any(len(other) > len(path) and other[: len(path)] == path for other, _ in details)
        container = isinstance(_at_or_none(value, path), Mapping | list)
        if not (deeper and container and detail["type"] in _SHALLOW):
            found.setdefault(path, []).append(detail)
    return found


def _advice(alternatives: list[ErrorDetails], value: Any, path: Path, model: type[BaseModel]) -> Message | None:  # noqa: ANN401
    detail = alternatives[0]
    if detail["type"] == "extra_forbidden" and path:
        return did_you_mean(str(path[-1]), _known_keys(model, path[:-1]))
    given = _at_or_none(value, path)
    if detail["type"] in ("enum", "literal_error"):
        return did_you_mean(str(given), re.findall(r"'([^']+)'", detail.get("ctx", {}).get("expected", "")))
    if detail["type"] == "string_type" and isinstance(given, int | float):
        return message("write it in quotes if it is text")
    return None


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
    "string_type": message("text"),
    "int_type": message("a whole number"),
    "int_parsing": message("a whole number"),
    "int_from_float": message("a whole number"),
    "float_type": message("a number"),
    "float_parsing": message("a number"),
    "bool_type": message("true or false"),
    "bool_parsing": message("true or false"),
    "list_type": message("a list"),
    "tuple_type": message("a list"),
    "dict_type": message("a map of keys and values"),
    "model_type": message("a map of keys and values"),
    "model_attributes_type": message("a map of keys and values"),
}
_PLAIN = {
    "missing": message("is missing"),
    "extra_forbidden": message("unknown key"),
    "string_too_short": message("is empty"),
}
_SHALLOW = {*_WANTED, "too_short", "too_long"}
_FILLED = {
    "enum": message("wants one of {expected}"),
    "literal_error": message("wants one of {expected}"),
    "string_pattern_mismatch": message("does not match {pattern}"),
    "greater_than_equal": message("is below {ge}"),
    "less_than_equal": message("is above {le}"),
    "greater_than": message("must be above {gt}"),
    "less_than": message("must be below {lt}"),
    "string_too_long": message("is longer than {max_length} characters"),
    "too_short": message("has fewer than {min_length} entries"),
    "too_long": message("has more than {max_length} entries"),
}


def _message(alternatives: list[ErrorDetails], given: object) -> Message:
    wanted = {
        _WANTED[detail["type"]].text: _WANTED[detail["type"]] for detail in alternatives if detail["type"] in _WANTED
    }
    if all(detail["type"] in _WANTED for detail in alternatives):
        return message("wants {wanted}, has {given}", wanted=_either(list(wanted.values())), given=_kind_of(given))
    return _single(next(detail for detail in alternatives if detail["type"] not in _WANTED))


def _either(wanted: list[Message]) -> Message:
    first, *others = wanted
    return message("{first} or {others}", first=first, others=_either(others)) if others else first


def _single(detail: ErrorDetails) -> Message:
    kind, context = detail["type"], detail.get("ctx", {})
    raised = context.get("error")
    if isinstance(raised, Exception) and raised.args and isinstance(raised.args[0], Message):
        return raised.args[0]
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _FILLED:
        return Message(
            _FILLED[kind].text,
            {name: _listed(each) if name == "expected" else str(each) for name, each in context.items()},
        )
    return message("{reason}", reason=detail["msg"])


def _listed(expected: str) -> str:
    """Return pydantic's `'a', 'b' or 'c'` as `a, b, c`, which needs no translation."""
    return re.sub(r"'([^']*)'", r"\1", expected).replace(" or ", ", ")


def _kind_of(value: object) -> Message:
    kinds: tuple[tuple[Any, Message], ...] = (
        (bool, message("a truth value")),
        (int | float, message("a number")),
        (str, message("text")),
        (Mapping, message("a map")),
        (list, message("a list")),
    )
    return next((named for kind, named in kinds if isinstance(value, kind)), message("nothing"))
