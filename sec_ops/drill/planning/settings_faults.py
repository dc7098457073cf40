"""What is wrong with settings of services and checks: their kind refuses them, or a text in them leads nowhere."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from sec_ops.content.model_faults import did_you_mean, refusals
from sec_ops.content.yaml_reader import Path
from sec_ops.drill.planning.addresses import Production, texts_in
from sec_ops.drill.planning.material import Found
from sec_ops.drill.settings import Mark, marked
from sec_ops.model.messages import message
from sec_ops.model.values import Value

__all__ = ["Around", "settings_faults", "source_faults"]

_PLACE = re.compile(r"\{([a-z0-9][a-z0-9_.-]*)\.(port|server|folder|user|path|programs|configuration)\}")
_INSTEAD = {"port": "20001", "server": "127.0.0.1", "folder": "/work", "user": "drill"} | dict.fromkeys(
    ("path", "programs", "configuration"), "/work"
)
"""What stands in for a place while settings are checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What settings may refer to: sources that are fetched (None: unknown), services that stand before; and may not."""

    sources: Collection[str] | None = None
    services: Collection[str] = ()
    production: Production = field(default_factory=Production)


def settings_faults(settings: Mapping[str, object], model: type[Value] | None, around: Around) -> Iterator[Found]:
    """Tell every fault of settings, by its path in them; without a model only what no kind may name."""
    if model is not None:
        yield from _refused(settings, model)
        for path, name in marked(model, settings, Mark.SOURCE).items():
            yield from source_faults(path, name, around.sources)
    spoken = marked(model, settings, Mark.SPOKEN) if model is not None else {}
    for path, text in texts_in(settings):
        yield from _places(path, text, around.services)
        for name in around.production.named_in(text) if path not in spoken else ():
            what = message("{address} is an address of production, which a drill never reaches for", address=name)
            yield path, what, message("name the drill's own service on 127.0.0.1")


def source_faults(path: Path, name: str, known: Collection[str] | None) -> Iterator[Found]:
    """Tell when a name is no source that is fetched."""
    if known is not None and name not in known:
        what = message("no source that is fetched is called {name}", name=name)
        yield path, what, did_you_mean(name, known) or message("sources: {names}", names=", ".join(known))


def _refused(settings: Mapping[str, object], model: type[Value]) -> Iterator[Found]:
    filled = _filled(settings)
    try:
        model.model_validate(filled)
    except ValidationError as error:
        for refusal in refusals(error, filled, model):
            yield refusal.path, refusal.what, refusal.advice


def _places(path: Path, text: str, services: Collection[str]) -> Iterator[Found]:
    """Tell of places such as `{database.port}` whose service doesn't stand before."""
    for found in _PLACE.finditer(text):
        if found[1] not in services:
            what = message("no service that stands before is called {name}", name=found[1])
            yield path, what, did_you_mean(found[1], services)


def _filled(settings: Any) -> Any:  # noqa: ANN401 - a document
    if isinstance(settings, Mapping):
        return {name: _filled(value) for name, value in settings.items()}
    if isinstance(settings, list | tuple):
        return [_filled(each) for each in settings]
    if isinstance(settings, str):
        return _PLACE.sub(lambda found: _INSTEAD[found[2]], settings)
    return settings
