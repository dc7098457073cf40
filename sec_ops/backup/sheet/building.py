"""The sheet of a site, from its plans, its inventory and its register of keys."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.keys.register import KnownRepository
from sec_ops.backup.planning.findings import Planned
from sec_ops.backup.planning.measuring import recovery_point_seconds, recovery_time_seconds
from sec_ops.backup.sheet.opening import opening_block, unopened
from sec_ops.backup.sheet.ordering import restore_order
from sec_ops.backup.sheet.values import Block, Row, Sheet
from sec_ops.backup.sources import settings_of, source_of
from sec_ops.model.backup_plan import SELF, BackupPlan, SourceSettings
from sec_ops.model.messages import message
from sec_ops.model.organisation import Host, KeySystem
from sec_ops.model.people import Person
from sec_ops.model.values import Text

__all__ = ["Material", "sheet_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a sheet is made of; `root` is the site folder, `machine` this machine's name."""

    planned: Planned
    known: Mapping[str, KnownRepository]
    people: Mapping[str, Person]
    hosts: Mapping[str, Host]
    site: Text
    root: Path
    machine: str
    made: str
    tool: str


def sheet_of(material: Material) -> Sheet:
    """Return the sheet of every plan that is switched on."""
    planned = material.planned
    plans = {name: plan for name, plan in planned.plans.items() if plan.enabled}
    order = restore_order(plans, planned.systems)
    used = sorted({name for plan in plans.values() for name in plan.repositories})
    systems = [block for name in order for block in _system(plans[name], material)]
    return Sheet(
        site=material.site,
        made=material.made,
        tool=material.tool,
        blocks=(_before(), _order(order, material), _choosing(), *systems, _after()),
        open_points=tuple(unopened([planned.repositories[name] for name in used], material.known)),
    )


def _before() -> Block:
    where = message(
        "Take a machine nobody has been on, with room for all of it, with bash and restic 0.17.1 or newer (Debian 13: "
        "apt install restic), and the clients of the databases. Nothing on this sheet writes to a repository."
    )
    prepare = message(
        "let a pipe fail when a part of it fails; name the folder everything is restored below, such as /restored, or "
        "/ to put files where they were"
    )
    failing = message(
        "Type line by line. What ends with an error has restored nothing that counts: find out why, remove what it "
        "made, type it again. Where a repository lies on a disk that is mounted read-only, add --no-lock to restic."
    )
    commands = ("set -o pipefail", "restic version", "read -r -p 'TO: ' TO", 'mkdir -p "$TO"')
    return Block(
        title=message("before"), steps=(Step(what=where), Step(what=prepare, commands=commands), Step(what=failing))
    )


def _order(order: Sequence[str], material: Material) -> Block:
    systems = material.planned.systems
    rows = [Row(name=f"{number}.", value=_named(name, systems.get(name))) for number, name in enumerate(order, 1)]
    why = message(
        "Restore in this order: each system after those it depends on; the site folder of sec-ops first, for it has "
        "the files that open other repositories, and the evidence. Restore into new servers, never over what is left "
        "of the old ones: that is evidence."
    )
    return Block(title=message("the order of systems"), rows=rows, steps=(Step(what=why),))


def _named(name: str, system: KeySystem | None) -> Text | str:
    return Text(zh=f"{name} {system.name.zh}", en=f"{name} {system.name.en}") if system else name


def _choosing() -> Block:
    which = message(
        "A run saved each part of a system once, and last its manifest, which is tagged with what the run came to: "
        "verdict:ok, or verdict:partial when the manifest names what is missing. A run without one does not count. "
        "Times are claimed by the machine that saved, so take no run from the future. The newest run whose data is "
        "still good is the one to take: after ransomware, one from before it began."
    )
    arrival = message(
        "Where the repository is a folder, the order in which snapshots arrived, which nobody can claim, is shown by: "
        "ls -ltr REPOSITORY/snapshots"
    )
    twice = message(
        "Where a part stands twice in the list of a run, somebody added one: take another run. Snapshots of the host "
        "sec-ops-probe are tests."
    )
    return Block(title=message("choose the restore point"), steps=[Step(what=each) for each in (which, arrival, twice)])


def _system(plan: BackupPlan, material: Material) -> Iterator[Block]:
    yield Block(title=message("system {system}", system=plan.id), rows=tuple(_facts(plan, material)))
    for name in plan.repositories:
        repository, known = material.planned.repositories[name], material.known.get(name)
        yield opening_block(repository, material.planned.place_of(name), known, material.root)
    yield _run(plan)
    for source in plan.sources:
        yield _source(plan, source, material)


def _run(plan: BackupPlan) -> Block:
    tag = f"system:{plan.id}"
    listed = message("with one of its repositories opened, list its runs and choose one")
    checked = message("see that each part stands once, and what the run says of itself: verdict, tables, rows")
    head = """| sed -n '1s/.*"payload":"\\([^"]*\\)".*/\\1/p' | base64 -d"""
    return Block(
        title=message("choose the run"),
        level=3,
        steps=(
            Step(what=listed, commands=(f"restic snapshots --tag {tag},part:manifest", "read -r -p 'run: ' RUN")),
            Step(
                what=checked,
                commands=(
                    f'restic snapshots --tag "{tag},run:$RUN"',
                    f'restic dump latest --tag "{tag},run:$RUN,part:manifest" /manifest.json {head}; echo',
                ),
            ),
        ),
    )


def _facts(plan: BackupPlan, material: Material) -> Iterator[Row]:
    system = material.planned.systems.get(plan.id)
    if plan.id == SELF:
        yield Row(name=message("name"), value=message("this program's own site folder"))
    elif system:
        yield Row(name=message("name"), value=system.name)
    person = material.people.get(plan.answers)
    yield Row(name=message("answers"), value=person.name if person else plan.answers)
    placed = ", ".join(_placed(name, material) for name in plan.repositories)
    yield Row(name=message("open one of its repositories"), value=placed)
    if system and system.depends_on:
        yield Row(name=message("depends on"), value=", ".join(system.depends_on))
    for name, seconds in (
        (message("back after at most (s)"), recovery_time_seconds(plan, system)),
        (message("may lose at most (s)"), recovery_point_seconds(plan, system)),
    ):
        if seconds is not None:
            yield Row(name=name, value=str(seconds))


def _placed(name: str, material: Material) -> str:
    return f"{name} ({material.planned.repositories[name].place})"


def _source(plan: BackupPlan, source: SourceSettings, material: Material) -> Block:
    kind = source_of(source.kind)
    host = material.hosts.get(source.host)
    where = f"{source.host} ({host.address})" if host and host.address else source.host or material.machine
    rows = [Row(name=message("kind"), value=source.kind), Row(name=message("was on"), value=where)]
    if source.consistent_with:
        rows.append(Row(name=message("only together with"), value=", ".join(source.consistent_with)))
    if not kind.verified:
        rows.append(Row(name=message("note"), value=message("not verified on a real system")))
    steps = kind.by_hand(settings_of(source), Hand(system=plan.id, source=source.id))
    return Block(title=f"{plan.id}: {source.id}", level=3, rows=rows, steps=steps)


def _after() -> Block:
    compare = message(
        "Compare rows of tables with what the run said of itself, look at the newest records, have somebody who works "
        "with the system try it, and only then let people in. Change every password the lost machines knew."
    )
    return Block(title=message("after"), steps=(Step(what=compare),))
