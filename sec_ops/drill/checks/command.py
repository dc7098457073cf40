"""`command`: a program of one's own that looks inside the sandbox, judged by its exit code and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from sec_ops.drill.check import Check, Checked, CheckPlace, failed, late, passed
from sec_ops.drill.service import Lacking, filled, found
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["CHECK"]

_ANSWER_BYTES = 16 * 1024 * 1024


class Settings(Value):
    """A command; in it and in the environment `{SERVICE.port}`, `{SERVICE.server}` and `{SOURCE}` are filled in.

    `{SOURCE}` is the restored data of the source of that id. The command is content that executes: it needs approval.
    """

    command: tuple[NonEmpty, ...] = Field(min_length=1)
    environment: dict[NonEmpty, str] = Field(default_factory=dict)
    exit_code: int = Field(default=0, ge=0, le=255)
    text: str = Field(default="", description="stands in the end of what it says")
    package: str = Field(default="", description="the package that has the command's program")

    @property
    def expected(self) -> str:
        """Return what is expected, as it is shown."""
        return f"exit {self.exit_code}" + (f", “{self.text}”" if self.text else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program of one's own."""

    settings: type[Settings] = Settings
    asks: Sequence[str] = ()

    def lacking(self) -> Sequence[Lacking]:
        """Nothing that could be known before its settings are."""
        return ()

    def run(self, place: CheckPlace) -> Checked:
        """Run it to its end."""
        settings = Settings.model_validate(place.settings)
        places = _places(place)
        words = [filled(each, places) for each in settings.command]
        ended = place.sandbox.run(
            [found(words[0], "")[0], *words[1:]],
            seconds=place.seconds,
            environment={name: filled(value, places) for name, value in settings.environment.items()},
            most_bytes=_ANSWER_BYTES,
        )
        if ended.expired:
            return late(settings.expected, place.seconds)
        said = ended.stdout + ended.stderr
        shown = f"exit {ended.exit_code}, “{said[-_SHOWN:]}”" if said else f"exit {ended.exit_code}"
        if ended.flooded:
            return failed(settings.expected, shown, message("the command said more than 16 MiB and was ended"))
        if ended.exit_code != settings.exit_code:
            what = message("the command ended with exit code {code}", code=ended.exit_code)
            return failed(settings.expected, shown, what, why=ended.stderr[-_SHOWN:])
        if settings.text not in ended.stdout:
            return failed(settings.expected, shown, message("the command did not say the text"))
        return passed(settings.expected, shown)


_SHOWN = 250


def _places(place: CheckPlace) -> dict[str, str]:
    names = {name: place.sandbox.seen(path) for name, path in place.restored.items()}
    for name, each in place.services.items():
        server = str(each.standing.client.get("server") or "127.0.0.1")
        names |= {f"{name}.port": str(each.port), f"{name}.server": server}
    return names


CHECK: Check = Command()
