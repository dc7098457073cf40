"""`files`: folders and files of a Linux host, as they lie."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.dumped import FilesCapture
from sec_ops.backup.holding.still import Held, held
from sec_ops.backup.holding.wanted import VolumeSnapshot
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SOURCE"]


class Settings(Value):
    """Absolute paths, and what of them is left out by restic's patterns."""

    paths: tuple[NonEmpty, ...] = Field(min_length=1)
    exclude: tuple[NonEmpty, ...] = ()
    other_file_systems: bool = Field(default=True, description="also what is mounted below the paths")
    volume_snapshot: VolumeSnapshot | None = Field(
        default=None, description="save them as they are in a snapshot of their volume, made for the time of a run"
    )

    @property
    def options(self) -> tuple[str, ...]:
        """Return restic's."""
        return () if self.other_file_systems else ("--one-file-system",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Snapshot:
    """Files in a snapshot of their volume."""

    parts: Sequence[Part]
    held: Held

    def facts(self) -> Facts:
        """Return the moment of the snapshot; raises ProgramFailed when it did not hold until all was read."""
        self.held.check()
        details = {"volume_snapshot": self.held.wanted.kind, "volume": str(self.held.volume.root)}
        return Facts(taken_at=self.held.taken_at, details=details)


class Files:
    """Files of a host."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Name the paths. Only a snapshot of their volume holds them still, else the manifest tells what changed."""
        settings = Settings.model_validate(order.source.settings)
        part = Part(
            name="files",
            paths=[Path(each) for each in settings.paths],
            excludes=settings.exclude,
            options=settings.options,
        )
        if settings.volume_snapshot is None:
            yield FilesCapture(parts=(part,), taken_at=order.doors.clock.now())
            return
        below = "refused" if settings.other_file_systems else "left out"
        with held(order, settings.volume_snapshot, settings.paths, below=below) as snapshot:
            yield _Snapshot(parts=(replace(part, launcher=snapshot.launcher),), held=snapshot)

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
