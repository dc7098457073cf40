"""`program`: an application as the scenario's own command, such as a web application that reads the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from sec_ops.drill.service import Lacking, Place, Standing, filled, found, wait_until
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SERVICE"]


class Settings(Value):
    """A command; in it and in the environment `{port}`, `{folder}` and `{SOURCE}` stand for places of the drill.

    `{SOURCE}` is the restored data of the source of that id. The command is content that executes: it needs approval.
    """

    command: tuple[NonEmpty, ...] = Field(min_length=1)
    environment: dict[NonEmpty, str] = Field(default_factory=dict)
    package: str = Field(default="", description="the package that has the command's program")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Any program that listens on its port."""

    settings: type[Settings] = Settings
    loads: Literal["running", "stopped"] = "running"

    def lacking(self) -> Sequence[Lacking]:
        """Nothing that could be known before its settings are."""
        return ()

    def readable(self) -> Sequence[Path]:
        """Nothing beyond /usr."""
        return ()

    def provision(self, place: Place) -> Standing:
        """Nothing more than its folder."""
        return Standing(client={"server": "127.0.0.1", "port": place.port})

    def start(self, place: Place) -> None:
        """Start it and wait until it listens on its port."""
        settings = Settings.model_validate(place.settings)
        places = _places(place)
        command = [filled(each, places) for each in settings.command]
        environment = {name: filled(value, places) for name, value in settings.environment.items()}
        place.sandbox.start(place.name, [found(command[0], "")[0], *command[1:]], environment=environment)
        wait_until(place, lambda: place.sandbox.listens("127.0.0.1", place.port))


def _places(place: Place) -> dict[str, str]:
    own = {"port": str(place.port), "folder": place.inside()}
    return own | {name: place.sandbox.seen(path) for name, path in place.restored.items()}


SERVICE = Program()
