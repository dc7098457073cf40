"""`windows_files`: folders of a Windows host in a volume shadow copy, so that open files are read too.

Not verified on a real system: no test runs restic on Windows, and its option for shadow copies is used as remembered,
unconfirmed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PureWindowsPath

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.dumped import FilesCapture
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SOURCE"]


class Settings(Value):
    r"""Absolute paths such as `D:\records`, and what of them is left out by restic's patterns."""

    paths: tuple[NonEmpty, ...] = Field(min_length=1)
    exclude: tuple[NonEmpty, ...] = ()


class WindowsFiles:
    """Files of a Windows host."""

    verified = False
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Name the paths; restic makes the shadow copy and removes it."""
        settings = Settings.model_validate(order.source.settings)
        part = Part(
            name="files",
            paths=[PureWindowsPath(each) for each in settings.paths],
            excludes=settings.exclude,
            options=("--use-fs-snapshot",),
        )
        yield FilesCapture(parts=(part,), taken_at=order.doors.clock.now())

    def loading(self, _order: Order, _into: str) -> Sequence[Loading]:
        """Nothing: restored files are where they belong."""
        return ()

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: files are proved by the manifest."""
        return Facts()

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring the files back, to be carried to the Windows host."""
        what = message(
            "files of {paths}; on a Windows host take a folder of its own as target, and the run itself for $RUN",
            paths=", ".join(settings.paths),
        )
        return (Step(what=what, commands=(hand.restore("files"),)),)


SOURCE = WindowsFiles()
