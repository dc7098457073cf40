"""`files`: folders and files of a Linux host, as they lie."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.dumped import FilesCapture
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SOURCE"]


class Settings(Value):
    """Absolute paths, and what of them is left out by restic's patterns."""

    paths: tuple[NonEmpty, ...] = Field(min_length=1)
    exclude: tuple[NonEmpty, ...] = ()
    other_file_systems: bool = Field(default=True, description="also what is mounted below the paths")


class Files:
    """Files of a host."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Name the paths; nothing holds files still, the manifest tells what changed meanwhile."""
        settings = Settings.model_validate(order.source.settings)
        part = Part(
            name="files",
            paths=[Path(each) for each in settings.paths],
            excludes=settings.exclude,
            options=() if settings.other_file_systems else ("--one-file-system",),
        )
        yield FilesCapture(parts=(part,), taken_at=order.doors.clock.now())

    def loading(self, _order: Order, _into: str) -> Sequence[Loading]:
        """Nothing: restored files are where they belong."""
        return ()

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: files are proved by the manifest."""
        return Facts()

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring the files back below the folder of everything that is restored."""
        what = message("files of {paths}, with owners and rights", paths=", ".join(settings.paths))
        return (Step(what=what, commands=(hand.restore("files"),)),)


SOURCE = Files()
