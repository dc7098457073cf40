"""Loading over a database that is there: first beside it, proved there, and only then in its place."""

from collections.abc import Callable, Collection, Sequence

from sec_ops.backup.source import Facts, Loading, Order, Replacing, Source
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message

__all__ = ["Run", "is_there", "refuse_occupied", "replaced"]

Run = Callable[[Loading], str]
"""Run a command of a restore; return why it failed, nothing when it didn't."""

_NAME_CHARACTERS = 36
"""So many of a name are kept in the names made of it: MariaDB takes 64 characters, PostgreSQL 63 bytes."""


def is_there(source: Source, order: Order, into: str) -> bool:
    """Return whether `into` is a database that is there and can be replaced; raises EngineError."""
    return isinstance(source, Replacing) and source.tables_in(order, into) is not None


def refuse_occupied(source: Source, order: Order, into: str, typed: Collection[str]) -> None:
    """Raise UsageError for a database with tables in it whose name nobody typed, and EngineError."""
    tables = source.tables_in(order, into) if isinstance(source, Replacing) else None
    if tables and into not in typed:
        what = message("there is a database {name} already, with {count} tables", name=into, count=tables)
        advice = message("name one that is not there; or, to put the copy in its place: --replace {name}", name=into)
        raise UsageError(what, advice=advice)


def replaced(source: Source, order: Order, into: str, run: Run, counted: Callable[[Facts], Judged]) -> Judged:
    """Load beside `into`, count, then put it in its place; whatever fails before that leaves `into` as it was.

    Raises EngineError.
    """
    assert isinstance(source, Replacing)  # noqa: S101 - it was asked what is there
    stamp = f"{order.doors.clock.now():%Y%m%d%H%M%S}"
    fresh, aside = (f"{into[:_NAME_CHARACTERS]}_{word}_{stamp}" for word in ("new", "before"))
    failed = _all(source.beside(order, into, fresh), run)
    if failed:
        return _failed(message("could not be loaded as {fresh}; {into} is as it was", fresh=fresh, into=into), failed)
    judged = counted(source.recount(order, fresh))
    if not judged.good:
        return judged
    failed = _all(source.replacing(order, into, fresh, aside), run)
    if failed:
        what = message("loaded and counted as {fresh}, but not put in the place of {into}", fresh=fresh, into=into)
        return _failed(what, failed)
    judged = counted(source.recount(order, into))
    if not judged.good:
        return judged
    what = (
        message("what was there is kept as {name}", name=aside)
        if source.keeps
        else message("what was there is gone, as its name was typed")
    )
    return Judged(verdict=Verdict.OK, what=what)


def _all(commands: Sequence[Loading], run: Run) -> str:
    return next((failed for each in commands if (failed := run(each))), "")


def _failed(what: Message, why: str) -> Judged:
    return Judged(verdict=Verdict.FAILED, what=what, why=why, advice=_CLOSED)


_CLOSED = message("stop the application, so that nobody is connected to the database, then run it again")
