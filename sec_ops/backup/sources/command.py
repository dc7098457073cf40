"""`command`: what a command of the site prints, for data no other kind knows. Content that executes: approved first."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step, word
from sec_ops.backup.dumping.dumped import dumping
from sec_ops.backup.dumping.tapping import Told, Words, quiet
from sec_ops.backup.source import Capture, Facts, Loading, Order
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SOURCE"]


class Settings(Value):
    """A command and the file its output becomes. The plan's password reaches it as the variable `secret_variable`."""

    command: tuple[NonEmpty, ...] = Field(min_length=1, description="program and arguments; no shell")
    filename: NonEmpty
    ends: str = Field(default="", description="words that close a whole output; without them it doesn't count")
    secret_variable: str = Field(default="SECRET", pattern=r"^[A-Z][A-Z0-9_]*$")
    load: tuple[NonEmpty, ...] = Field(default=(), description="command that takes the output back at its stdin")


class CommandOutput:
    """The output of a command."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Name the command; what it prints counts when it ends well, is not empty and closes as it should."""
        settings = Settings.model_validate(order.source.settings)
        words = _words(settings.command, settings, order, ends=settings.ends)
        taken_at = order.doors.clock.now()

        def add(told: Told) -> Facts:
            return Facts(taken_at=taken_at, dumped=(told.dumped,))

        with dumping(order, words, settings.filename, add=add) as capture:
            yield capture

    def loading(self, order: Order, _into: str) -> Sequence[Loading]:
        """Return the plan's own command, if it names one."""
        settings = Settings.model_validate(order.source.settings)
        if not settings.load:
            return ()
        words = quiet(_words(settings.load, settings, order), order.doors)
        return (Loading(arguments=words, reads=settings.filename),)

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: only the site knows what it holds."""
        return Facts()

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Take the output back by the plan's own command, else fetch it."""
        fetch = hand.dump("dump", settings.filename)
        if not settings.load:
            commands = (f"{fetch} > {hand.kept(settings.filename)}",)
            return (Step(what=message("fetch what the command printed"), commands=commands),)
        loaded = " ".join(word(each) for each in settings.load)
        what = message("take the data back; the program may want its password in {name}", name=settings.secret_variable)
        return (Step(what=what, commands=(f"{fetch} | {loaded}",)),)


def _words(command: Sequence[str], settings: Settings, order: Order, *, ends: str = "") -> Words:
    secrets = {settings.secret_variable: order.secret} if order.secret else {}
    return Words(arguments=command, environment=secrets, ends=ends)


SOURCE = CommandOutput()
