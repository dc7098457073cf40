"""`cms`: folders that a content system serves together with its database, as one consistent set.

The database is read as it was at one moment, then the folders; what changed in them since that moment is told, and
then the set is none: the plan is run again, or by a hook while the site takes no changes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Self

from pydantic import Field, ValidationError, model_validator

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.stillness import changed_since, moment_there
from sec_ops.backup.source import Capture, Facts, Loading, Order, Part
from sec_ops.backup.sources import source_of
from sec_ops.content.model_faults import refusals
from sec_ops.model.backup_plan import SourceSettings
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, RuleBroken, Value

__all__ = ["SOURCE"]

_DATABASES = ("mariadb", "mysql", "postgresql", "sqlite")


class Database(Value):
    """The database of the site: a kind of source and its settings; the plan's password is its password."""

    kind: str
    settings: dict[str, object] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.kind not in _DATABASES:
            raise RuleBroken(message("wants one of {expected}", expected=", ".join(_DATABASES)))
        model = source_of(self.kind).settings
        try:
            model.model_validate(self.settings)
        except ValidationError as error:
            first = refusals(error, self.settings, model)[0]
            place = ".".join(map(str, ("settings", *first.path)))
            raise RuleBroken(message("{place}: {what}", place=place, what=first.what)) from error
        return self


class Settings(Value):
    """Folders by absolute paths, what of them is left out, and the database they stand with."""

    paths: tuple[NonEmpty, ...] = Field(min_length=1)
    exclude: tuple[NonEmpty, ...] = ()
    database: Database


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    parts: Sequence[Part]
    database: Capture
    since: str
    paths: Sequence[str]
    order: Order

    def facts(self) -> Facts:
        """Return the database's facts, and the paths that changed since its moment."""
        changed = changed_since(self.since, self.paths, self.order.doors, deadline_seconds=self.order.deadline_seconds)
        return replace(self.database.facts(), disturbed=changed)


class ContentSystem:
    """A site of files and a database."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Note the time where the files lie, then hold the database still."""
        settings = Settings.model_validate(order.source.settings)
        since = moment_there(order.doors)
        files = Part(name="files", paths=[PurePath(each) for each in settings.paths], excludes=settings.exclude)
        with source_of(settings.database.kind).open(_inner(order, settings)) as database:
            yield _Capture(
                parts=(*database.parts, files), database=database, since=since, paths=settings.paths, order=order
            )

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Load the database into `into`; restored files are where they belong."""
        settings = Settings.model_validate(order.source.settings)
        return source_of(settings.database.kind).loading(_inner(order, settings), into)

    def recount(self, order: Order, into: str) -> Facts:
        """Count the restored database."""
        settings = Settings.model_validate(order.source.settings)
        return source_of(settings.database.kind).recount(_inner(order, settings), into)

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Bring back the folders, then the database, both of the same run."""
        what = message("files of {paths}, with owners and rights", paths=", ".join(settings.paths))
        kind = source_of(settings.database.kind)
        inner = kind.settings.model_validate(settings.database.settings)
        return (Step(what=what, commands=(hand.restore("files"),)), *kind.by_hand(inner, hand))


def _inner(order: Order, settings: Settings) -> Order:
    inner = SourceSettings(id=order.source.id, kind=settings.database.kind, settings=settings.database.settings)
    return replace(order, source=inner)


SOURCE = ContentSystem()
