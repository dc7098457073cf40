"""`detect run --store elastic`: rules pushed to the cluster, what comes back judged, kept and sealed."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

from sec_ops.cli.detect._asked import Asked, Made, made, span_of, zone_of
from sec_ops.cli.detect._findings import Shown, outcomes_of, show_findings
from sec_ops.cli.detect._keeping import Keeper, Sealed, keeper_of
from sec_ops.cli.logs._store import fields_of, open_store
from sec_ops.content.library import Library
from sec_ops.detection.rule import Level
from sec_ops.detection.run.gathering import Span
from sec_ops.model.errors import UsageError
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import Site
from sec_ops.siem.elastic.store import ElasticStore
from sec_ops.workflows.elastic_detection import PushStore, StoreJudged, judge_new, judge_span

__all__ = ["run_over_store"]

_STORES = ("elastic", "elasticsearch")
_SHOWN = 5


def run_over_store(site: Site, store: str, paths: Sequence[str], asked: Asked) -> Iterable[Outcome]:
    """Judge what is new in the site's cluster, or a span of time; show it and return how it came out.

    Raises UsageError for what can't be asked so, ContentInvalid when the site names no cluster, EngineError when it
    doesn't answer.
    """
    _, zone = zone_of(site)
    span = span_of(asked, zone)
    new = not (asked.since or asked.until)
    _refuse(store, paths, asked, new=new)
    ready = made(site, Library.open(site.root), asked, zone)
    keeping = keeper_of(site, ready.suppressions) if asked.keep else nullcontext()
    with open_store(site, fields_of(site), "elasticsearch") as opened, keeping as keeper:
        assert isinstance(opened, ElasticStore)  # noqa: S101 - that kind was asked for
        judged = _judged(opened, ready, span, keeper, new=new)
        outcomes = outcomes_of(judged.findings, asked.fail_on)
        shown = Shown(
            findings=judged.findings,
            run=keeper.run.name if keeper else "",
            zone=zone,
            more=_document(judged),
            notes=tuple(_notes(judged)),
        )
        if keeper:
            keeper.seal(_sealed(judged, ready, asked, span, shown.document(), outcomes))
    show_findings("sec-ops/detect-run", shown, outcomes)
    return outcomes


def _refuse(store: str, paths: Sequence[str], asked: Asked, *, new: bool) -> None:
    if store not in _STORES:
        advice = message("name one of: {names}", names=_STORES[0])
        raise UsageError(message("there is no store {name}", name=store), advice=advice)
    if paths:
        raise UsageError(message("judge files or a store, not both"))
    if asked.zone:
        raise UsageError(message("stored events have their times already: leave --zone out"))
    if new and (asked.rules or asked.level is not Level.INFORMATIONAL or not asked.keep):
        what = message("a run that goes on from the last one judges by all the site's rules and keeps its alerts")
        advice = message("name a time with --since, or leave out --rules, --level and --no-keep")
        raise UsageError(what, advice=advice)


def _judged(store: PushStore, ready: Made, span: Span, keeper: Keeper | None, *, new: bool) -> StoreJudged:
    if new and keeper:
        return judge_new(store, ready.setting, keeper.database)
    return judge_span(store, ready.setting, span, keeper.database if keeper else None)


def _sealed(
    judged: StoreJudged,
    ready: Made,
    asked: Asked,
    span: Span,
    document: dict[str, Any],
    outcomes: Sequence[Outcome],
) -> Sealed:
    return Sealed(
        mode="elasticsearch",
        request={**asked.document(), "store": "elasticsearch"},
        document=document,
        findings=judged.findings,
        span=span,
        rules_digest=ready.rules_digest,
        not_read=0,
        outcomes=outcomes,
    )


def _document(judged: StoreJudged) -> dict[str, Any]:
    pushing = judged.pushing
    return {
        "store": {
            "fetched": judged.findings.events,
            "streams": judged.streams,
            "queries": len(pushing.queries),
            "rules_exact": pushing.exact,
            "rules_wider": pushing.wider,
            "rules_fetching_everything": list(pushing.everything),
        }
    }


def _notes(judged: StoreJudged) -> Iterator[str]:
    pushing = judged.pushing
    text = _("asked of the cluster: {queries} queries; {exact} rules exactly, {wider} more widely and judged here")
    yield text.format(queries=len(pushing.queries), exact=pushing.exact, wider=pushing.wider)
    if pushing.everything:
        text = _("every event was fetched because of {count} rules, such as {rule}")
        yield text.format(count=len(pushing.everything), rule=", ".join(pushing.everything[:_SHOWN]))
