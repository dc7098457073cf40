"""What is wrong with recoveries: sources nobody saves, unknown kinds, settings refused, addresses of production."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from sec_ops.content.model_faults import did_you_mean
from sec_ops.content.yaml_reader import Path
from sec_ops.drill.checks import check_of
from sec_ops.drill.checks import kinds as check_kinds
from sec_ops.drill.planning.addresses import Production
from sec_ops.drill.planning.material import Found
from sec_ops.drill.planning.settings_faults import Around, settings_faults, source_faults
from sec_ops.drill.services import kinds as service_kinds
from sec_ops.drill.services import service_of
from sec_ops.model.backup_plan import BackupPlan
from sec_ops.model.drill_scenario import Recovery, RecoveryCheck, RecoveryService
from sec_ops.model.messages import Message, message
from sec_ops.model.values import Value

__all__ = ["recovery_faults"]


def recovery_faults(
    recovery: Recovery, plan: BackupPlan | None, production: Production, standing: Collection[str] = ()
) -> Iterator[Found]:
    """Tell every fault of a recovery; without a plan, all but those of sources.

    `standing` are services of other systems that stand before it, as `identity-service.directory`.
    """
    saved = [each.id for each in plan.sources] if plan else None
    for index, name in enumerate(recovery.sources):
        yield from source_faults(("sources", index), name, saved)
    fetched = [name for name in saved if name in recovery.sources] if saved and recovery.sources else saved
    around = Around(sources=fetched, services=tuple(standing), production=production)
    for index, service in enumerate(recovery.services):
        yield from _below(("services", index), _service(service, around))
        around = replace(around, services=(*around.services, service.id))
    services = {each.id: each for each in recovery.services}
    for index, check in enumerate(recovery.checks):
        yield from _below(("checks", index), _check(check, services, around))


def _service(service: RecoveryService, around: Around) -> Iterator[Found]:
    for source in service.loads:
        yield from source_faults(("loads", source), source, around.sources)
    model: type[Value] | None = None
    if service.kind in service_kinds():
        model = service_of(service.kind).settings
    else:
        what = message("no kind of service is called {name}", name=service.kind)
        yield ("kind",), what, _known(service.kind, service_kinds())
    yield from _below(("settings",), settings_faults(service.settings, model, around))


def _check(check: RecoveryCheck, services: Mapping[str, RecoveryService], around: Around) -> Iterator[Found]:
    model: type[Value] | None = None
    if check.kind in check_kinds():
        model = check_of(check.kind).settings
        yield from _asked(check, check_of(check.kind).asks, services)
    else:
        what = message("no kind of check is called {name}", name=check.kind)
        yield ("kind",), what, _known(check.kind, check_kinds())
    yield from _below(("settings",), settings_faults(check.settings, model, around))


def _asked(check: RecoveryCheck, asks: Sequence[str], services: Mapping[str, RecoveryService]) -> Iterator[Found]:
    """Tell when a check asks no service and needs one, or one of a kind it can't ask."""
    advice = message("name one of kind {kinds}", kinds=", ".join(asks))
    if asks and check.service is None:
        yield ("service",), message("a check of kind {kind} asks a service", kind=check.kind), advice
    elif asks and check.service is not None and services[check.service].kind not in asks:
        what = message("a check of kind {kind} can't ask {service}", kind=check.kind, service=check.service)
        yield ("service",), what, advice


def _below(base: Path, found: Iterator[Found]) -> Iterator[Found]:
    for path, what, advice in found:
        yield (*base, *path), what, advice


def _known(name: str, known: Collection[str]) -> Message:
    return did_you_mean(name, known) or message("kinds: {kinds}", kinds=", ".join(known))
