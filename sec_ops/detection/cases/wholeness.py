"""What a rule of ours says of itself, and what is missing of it or can't be."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.yaml_reader import Path
from sec_ops.model.attack import REPLACED, TACTICS, TECHNIQUE
from sec_ops.model.messages import Message, message
from sec_ops.model.runbook import RUNBOOKS

__all__ = ["Incomplete", "incomplete"]

Incomplete = tuple[Path, Message, Message | None]
"""Where in the rule, what is wrong, what to do."""

_NEEDED = ("id", "level", "description", "tags", "falsepositives")
_SPOKEN = ("title", "description", "falsepositives")


def incomplete(rule: Mapping[str, Any]) -> Iterator[Incomplete]:
    """Yield what a rule of ours lacks: keys of Sigma, Chinese, tags of ATT&CK, a runbook that answers it."""
    for key in _NEEDED:
        if not rule.get(key):
            yield (key,), message("is missing"), None
    if not _is_uuid(rule.get("id")):
        yield ("id",), message("not a UUID, such as uuidgen makes"), None
    yield from _tags(rule.get("tags"))
    yield from _block(rule.get("sec_ops"))


def _is_uuid(value: object) -> bool:
    try:
        return str(UUID(str(value))) == str(value).lower()
    except ValueError:
        return False


def _tags(tags: object) -> Iterator[Incomplete]:
    names = [str(tag).lower() for tag in tags] if isinstance(tags, list) else []
    attack = [(index, name.removeprefix("attack.")) for index, name in enumerate(names) if name.startswith("attack.")]
    if names and not any(TECHNIQUE.fullmatch(name) for _, name in attack):
        yield ("tags",), message("no technique of ATT&CK, such as attack.t1110.001"), None
    for index, name in attack:
        plain = name.replace("_", "-")
        if plain in REPLACED:
            advice = message("use: {names}", names=REPLACED[plain])
            yield ("tags", index), message("{name} is no longer in ATT&CK", name=name), advice
        elif not (TECHNIQUE.fullmatch(name) or plain in TACTICS or (name[:1] in "gs" and name[1:].isdigit())):
            what = message("ATT&CK has no {name}", name=name)
            yield ("tags", index), what, did_you_mean(plain, TACTICS)


def _block(block: object) -> Iterator[Incomplete]:
    own = block if isinstance(block, Mapping) else {}
    for key in _SPOKEN:
        spoken = own.get(key)
        if not (isinstance(spoken, Mapping) and spoken.get("zh")):
            yield ("sec_ops", key), message("has no Chinese (zh)"), None
    alert = own.get("alert")
    if not (isinstance(alert, Mapping) and alert.get("by")):
        yield ("sec_ops", "alert", "by"), message("names no fields that tell one alert from another"), None
    runbook = own.get("runbook")
    if runbook not in RUNBOOKS:
        advice = did_you_mean(str(runbook), RUNBOOKS) or message("name one of: {names}", names=", ".join(RUNBOOKS))
        yield ("sec_ops", "runbook"), message("no runbook is called {name}", name=str(runbook or "")), advice
