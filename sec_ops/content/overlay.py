"""The site's layer over the shipped one, by id: a replacement says `overrides`, a patch says `patches`."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from sec_ops.content.kinds import Kind
from sec_ops.content.layer import Entry
from sec_ops.content.model_faults import did_you_mean, model_faults
from sec_ops.content.yaml_reader import Path
from sec_ops.model.content import Loaded, Origin
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message
from sec_ops.model.values import Value

__all__ = ["PATCHABLE", "overlay"]

T = TypeVar("T", bound=Value)

PATCHABLE = ("parameters", "severity", "enabled")


def overlay(kind: Kind[T], shipped: Iterable[Entry], site: Iterable[Entry]) -> tuple[dict[str, Loaded[T]], list[Fault]]:
    """Return the objects of a kind by id, in the order of their files, and every fault of both layers."""
    faults: list[Fault] = []
    base = _by_id(shipped, faults)
    over = _by_id(site, faults)
    objects = {name: loaded for name, entry in base.items() if (loaded := _checked(kind, entry, faults))}
    for name, entry in over.items():
        loaded = _patched(kind, entry, base, objects, faults) if entry.patches else _placed(kind, entry, base, faults)
        if loaded:
            objects[name] = loaded
    return objects, faults


def _by_id(entries: Iterable[Entry], faults: list[Fault]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        first = found.setdefault(entry.patches or entry.id, entry)
        if first is not entry and entry.id:
            other = f"{first.document.file}:{first.origin.line}"
            what = message("id {id} is already taken at {place}", id=entry.id, place=other)
            faults.append(entry.fault(("id",), what, message("give one of them another id")))
    return found


def _placed(kind: Kind[T], entry: Entry, base: Mapping[str, Entry], faults: list[Fault]) -> Loaded[T] | None:
    """Check an object of the site that is new or replaces a shipped one."""
    if entry.overrides is None and entry.id in base:
        what = message("id {id} is shipped already, at {place}", id=entry.id, place=base[entry.id].origin.path)
        advice = message("to replace it say: overrides: {id}; to change parameters say: patches: {id}", id=entry.id)
        faults.append(entry.fault(("id",), what, advice))
    elif entry.overrides is not None and entry.overrides not in base:
        faults.append(_unknown(entry, "overrides", entry.overrides, base))
    elif entry.overrides is not None and entry.overrides != entry.id:
        what = message("overrides {other}, but has the id {id}", other=entry.overrides, id=entry.id)
        faults.append(entry.fault(("overrides",), what, message("a replacement keeps the id")))
    return _checked(kind, entry, faults)


def _checked(kind: Kind[T], entry: Entry, faults: list[Fault]) -> Loaded[T] | None:
    written = entry.raw.get("id")
    if kind.id_in_file and not kind.items and isinstance(written, str) and written != entry.id:
        faults.append(entry.fault(("id",), *_misnamed(kind, written, entry.id)))
    try:
        return Loaded(kind.model.model_validate(entry.raw), entry.origin)
    except ValidationError as error:
        faults.extend(model_faults(error, entry.document, entry.base, kind.model))
        return None


def _misnamed(kind: Kind[Any], written: str, name: str) -> tuple[Message, Message]:
    if kind.named_by == "folder":
        return message("the id is {id}, the folder {name}", id=written, name=name), message(
            "the folder's name is the id"
        )
    advice = message("the file's name without .yml is the id")
    return message("the id is {id}, the file {name}.yml", id=written, name=name), advice


def _patched(
    kind: Kind[T], entry: Entry, base: Mapping[str, Entry], sound: Mapping[str, Loaded[T]], faults: list[Fault]
) -> Loaded[T] | None:
    """Return a shipped object with the patch's parameters, severity and enabled."""
    own = _patch_faults(kind, entry, base)
    faults.extend(own)
    patched = entry.patches or ""
    if own or patched not in sound:
        return None
    target = base[patched]
    if wrong := _parameter_faults(entry, target):
        faults.extend(wrong)
        return None
    try:
        value = kind.model.model_validate(_merged(target.raw, entry.raw))
    except ValidationError as error:
        faults.extend(model_faults(error, entry.document, entry.base, kind.model))
        return None
    origin = entry.origin
    return Loaded(
        value,
        Origin(layer=origin.layer, path=origin.path, line=origin.line, sha256=origin.sha256, patched=target.origin),
    )


def _patch_faults(kind: Kind[Any], entry: Entry, base: Mapping[str, Entry]) -> list[Fault]:
    faults = []
    if not kind.patchable:
        faults.append(entry.fault(("patches",), message("{kind} can be replaced, not patched", kind=kind.name)))
    if entry.overrides is not None:
        faults.append(entry.fault(("overrides",), message("patches and overrides exclude each other")))
    if entry.patches not in base:
        faults.append(_unknown(entry, "patches", entry.patches or "", base))
    for key in entry.raw:
        if key not in PATCHABLE:
            what = message("a patch may change parameters, severity and enabled only")
            faults.append(
                entry.fault((key,), what, message("replace the object with: overrides: {id}", id=entry.patches))
            )
    return faults


def _parameter_faults(entry: Entry, target: Entry) -> list[Fault]:
    given, known = entry.raw.get("parameters", {}), target.raw.get("parameters", {})
    if not isinstance(given, Mapping):
        return [entry.fault(("parameters",), message("wants a map of keys and values"))]
    faults = []
    for name, value in given.items():
        path: Path = ("parameters", name)
        if name not in known:
            faults.append(entry.fault(path, message("unknown parameter"), did_you_mean(name, known)))
        elif type(value) is not type(known[name].get("default")):
            what = message("the shipped value is {shipped}", shipped=repr(known[name].get("default")))
            faults.append(entry.fault(path, what, message("give a value of the same type")))
    return faults


def _merged(raw: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    values = patch.get("parameters", {})
    parameters = {
        name: {**parameter, "default": values.get(name, parameter.get("default"))}
        for name, parameter in raw.get("parameters", {}).items()
    }
    others = {key: value for key, value in patch.items() if key != "parameters"}
    return {**raw, **others, **({"parameters": parameters} if parameters else {})}


def _unknown(entry: Entry, key: str, name: str, base: Mapping[str, Entry]) -> Fault:
    return entry.fault((key,), message("nothing shipped has the id {id}", id=name), did_you_mean(name, base))
