"""What is wrong with plans: references that lead nowhere, settings a source refuses, hosts nobody knows."""

from collections.abc import Collection, Iterator

from pydantic import ValidationError

from sec_ops.backup.sources import kinds, source_of
from sec_ops.content.kinds import PEOPLE, PLACES, PLANS, REPOSITORIES, SYSTEMS
from sec_ops.content.library import Library
from sec_ops.content.model_faults import did_you_mean, refusals
from sec_ops.content.yaml_reader import Path
from sec_ops.model.backup_plan import SELF, BackupPlan, SourceSettings
from sec_ops.model.errors import Fault
from sec_ops.model.messages import Message, message

__all__ = ["Found", "host_faults", "plan_faults", "reference_faults"]

Found = tuple[Path, Message, Message | None]
"""Where in a plan, what is wrong, and advice."""


def plan_faults(library: Library) -> Iterator[Fault]:
    """Tell every fault of plans and repositories that content alone shows; raises ContentInvalid for unread kinds."""
    places = library.objects(PLACES)
    for name, repository in library.objects(REPOSITORIES).items():
        if repository.value.place not in places:
            yield library.fault(REPOSITORIES, name, ("place",), *_no_place(repository.value.place, places))
    for name, plan in library.objects(PLANS).items():
        for path, what, advice in (*reference_faults(plan.value, library), *_sources(plan.value)):
            yield library.fault(PLANS, name, path, what, advice)


def host_faults(library: Library, hosts: Collection[str]) -> Iterator[Fault]:
    """Tell every source on a host that is unknown or can't save into its repository, and access of unknown hosts."""
    for name, plan in library.objects(PLANS).items():
        for index, source in enumerate(plan.value.sources):
            if source.host:
                for what, advice in _host(source.host, plan.value, library, hosts):
                    yield library.fault(PLANS, name, ("sources", index, "host"), what, advice)
    for name, repository in library.objects(REPOSITORIES).items():
        for host in sorted(set(repository.value.hosts) - set(hosts)):
            what = message("no host is called {name}", name=host)
            yield library.fault(REPOSITORIES, name, ("hosts", host), what, did_you_mean(host, hosts))


def _host(
    host: str, plan: BackupPlan, library: Library, hosts: Collection[str]
) -> Iterator[tuple[Message, Message | None]]:
    """Tell why a host can't save into the plan's repository: it is unknown, or has no way or no access to it."""
    if host not in hosts:
        yield message("no host is called {name}", name=host), did_you_mean(host, hosts)
        return
    found = library.objects(REPOSITORIES).get(plan.repository)
    if found is None:
        return
    if found.value.location.startswith(("/", ".", "local:")):
        what = message("{repository} is a folder of this machine, which a host can't reach", repository=plan.repository)
        yield what, message("serve it by rest-server --append-only, or by sftp, and name that as location")
    elif host not in found.value.hosts:
        what = message("{repository} names no access for the host {name}", repository=plan.repository, name=host)
        yield what, message("give it credentials of its own under hosts in the repository's file")


def reference_faults(plan: BackupPlan, library: Library) -> Iterator[Found]:
    """Tell what a plan names that is not there: system, person, place, repositories."""
    systems, people = library.objects(SYSTEMS), library.objects(PEOPLE)
    if plan.id not in systems and plan.id != SELF:
        yield ("id",), message("no key system has the id {id}", id=plan.id), did_you_mean(plan.id, systems)
    if plan.answers not in people:
        what = message("no person has the id {id}", id=plan.answers)
        yield ("answers",), what, did_you_mean(plan.answers, people)
    if plan.place not in library.objects(PLACES):
        yield ("place",), *_no_place(plan.place, library.objects(PLACES))
    repositories = library.objects(REPOSITORIES)
    paths: list[Path] = [("repository",), *(("copies", index, "repository") for index in range(len(plan.copies)))]
    for path, name in zip(paths, plan.repositories, strict=True):
        if name not in repositories:
            yield path, message("no repository has the id {id}", id=name), did_you_mean(name, repositories)


def _no_place(name: str, known: Collection[str]) -> tuple[Message, Message | None]:
    advice = did_you_mean(name, known) or message("places are listed in backup/places.yml")
    return message("no place has the id {id}", id=name), advice


def _sources(plan: BackupPlan) -> Iterator[Found]:
    for index, source in enumerate(plan.sources):
        base: Path = ("sources", index)
        if source.kind not in kinds():
            what = message("no kind of source is called {name}", name=source.kind)
            advice = did_you_mean(source.kind, kinds()) or message("kinds: {kinds}", kinds=", ".join(kinds()))
            yield (*base, "kind"), what, advice
        else:
            yield from _settings(source, base)


def _settings(source: SourceSettings, base: Path) -> Iterator[Found]:
    model = source_of(source.kind).settings
    try:
        model.model_validate(source.settings)
    except ValidationError as error:
        for refusal in refusals(error, source.settings, model):
            yield (*base, "settings", *refusal.path), refusal.what, refusal.advice
