"""A migration as the command line does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from sec_ops.cli.logs._store import fields_of, open_store
from sec_ops.cli.output import note
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import Message, message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.site import Site
from sec_ops.siem.elastic.letters import DeadLetters
from sec_ops.siem.migrating import DayMoved, Migration, plan_migration, run_migration
from sec_ops.siem.opening import StoreKind

__all__ = ["Moved", "migrate_site"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a migration came to, as shown."""

    body: dict[str, Any]
    outcomes: Sequence[Outcome]
    advice: Message


def migrate_site(site: Site, to: str, *, dry_run: bool) -> Moved:
    """Take the site's events to the store of that kind, or only compare."""
    kinds: tuple[StoreKind, ...] = get_args(StoreKind)
    target_kind = next((kind for kind in kinds if kind == to), None)
    if target_kind is None:
        what = message("no store is called {name}; there are {names}", name=to, names=", ".join(kinds))
        raise UsageError(what)
    source_kind = next(kind for kind in kinds if kind != target_kind)
    types = fields_of(site)
    with open_store(site, types, source_kind) as source, open_store(site, types, target_kind) as target:
        result = plan_migration(source, target) if dry_run else run_migration(source, target, _tell)
    letters = len(DeadLetters(site.logs).read())
    return _moved(result, source_kind, target_kind, letters, None if dry_run else result.complete)


def _tell(day: DayMoved) -> None:
    note(message("copied: {day} {dataset}, {count} events", day=day.day, dataset=day.dataset, count=day.source))


def _moved(result: Migration, source: str, target: str, letters: int, complete: bool | None) -> Moved:  # noqa: FBT001
    missing = sum(max(0, day.source - day.target) for day in result.days)
    body = {
        "from": source,
        "to": target,
        "dry_run": complete is None,
        "events": sum(day.source for day in result.days),
        "copied": sum(day.copied for day in result.days),
        "missing": missing,
        "changed_meanwhile": result.changed,
        "dead_letters": letters,
        "streams": result.streams,
        "days": [
            {
                "dataset": day.dataset,
                "day": day.day,
                "source": day.source,
                "target": day.target,
                "copied": day.copied,
                "complete": day.complete,
            }
            for day in result.days
        ],
    }
    outcomes = (Outcome.INCOMPLETE,) if complete is False else ()
    return Moved(body=body, outcomes=outcomes, advice=_advice(result, target, letters, complete))


def _advice(result: Migration, target: str, letters: int, complete: bool | None) -> Message:  # noqa: FBT001
    if complete is None:
        return message("nothing was changed; next: {command}", command=f"sec-ops logs migrate --to {target}")
    if complete:
        return message("all there; next: logs: store: {store} in sec-ops.yml", store=target)
    if result.changed:
        return message("events came in meanwhile: stop listeners, pulls and imports, then run the command again")
    if letters:
        return message("the server refused {count} events: see var/logs/dead-letters.jsonl", count=letters)
    return message("not all events arrived: run the command again")
