"""`sec-ops schedule`: show, install, run-due."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from sec_ops.cli.invocation import current
from sec_ops.cli.output import emit, line, note
from sec_ops.cli.table import table
from sec_ops.model.outcome import Outcome, decisive
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import find_site

app = typer.Typer(
    help=_("What runs by itself: pulls, summaries, checkpoints, and your own jobs."),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class Manager(StrEnum):
    """What wakes the jobs."""

    SYSTEMD = "systemd"
    CRON = "cron"


@app.command(help=_("Show each job: when it ran, what it came to, when it is due."))
def show() -> Iterable[Outcome]:
    """Show the jobs of a site; exit 1 when one failed or nobody runs it, as a finding."""
    from sec_ops.cli import schedule_run

    room = schedule_run.open_room(find_site(current().site))
    found = [schedule_run.document(each) for each in room.states()]
    waiting, given_up = room.outbox.waiting(), room.outbox.given_up()
    outcomes = (Outcome.FINDINGS,) if any(each["state"] in ("failed", "overdue") for each in found) else ()
    body = {"zone": room.zone.key, "jobs": found, "notices_waiting": waiting, "notices_given_up": given_up}
    emit("sec-ops/schedule-show", body, outcomes=outcomes, text=lambda: _shown(found, room.zone.key, waiting, given_up))
    if all(each["state"] in ("never", "disabled") for each in found):
        note(_("nothing has run by itself here yet; next: sec-ops schedule install"))
    return outcomes


@app.command(help=_("Tell the operating system to run what is due: systemd timers or cron."))
def install(
    manager: Annotated[Manager, typer.Option("--manager", help=_("systemd or cron"))] = Manager.SYSTEMD,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help=_("write the files here; default: where the manager reads them"))
    ] = None,
    user: Annotated[str, typer.Option(metavar="NAME", help=_("run as this user; default: the owner of the site"))] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("show the files, write nothing"))] = False,  # noqa: FBT002
) -> Iterable[Outcome]:
    """Write units or a cron file; with systemd running, start the timers."""
    from sec_ops.cli import schedule_install

    request = schedule_install.Request(manager=manager.value, output=output, user=user, dry_run=dry_run)
    body = schedule_install.install(find_site(current().site), request)
    emit("sec-ops/schedule-install", body, text=lambda: schedule_install.spoken(body))
    return ()


@app.command(name="run-due", help=_("Run what is due and nobody else runs; deliver the notices that wait."))
def run_due(
    *,
    job: Annotated[str, typer.Option(metavar="ID", help=_("only this job"))] = "",
    loop: Annotated[bool, typer.Option("--loop", help=_("go on until ended, where nothing else wakes jobs"))] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help=_("say nothing when nothing was due and nothing failed"))
    ] = False,
) -> Iterable[Outcome]:
    """Run due jobs once, or in a loop."""
    from sec_ops.cli import schedule_run

    room = schedule_run.open_room(find_site(current().site), job)
    if loop:
        for body in schedule_run.passes(room):
            if current().form == "jsonl":
                line("pass", body)
            else:
                note(_ran(body))
        return ()
    body, outcomes = schedule_run.run_once(room)
    if not (quiet and decisive(outcomes) is Outcome.CLEAN and not body["jobs"]):
        emit("sec-ops/schedule-run-due", body, outcomes=outcomes, text=lambda: _ran(body))
    return outcomes


def _shown(jobs: list[dict[str, Any]], zone: str, waiting: int, given_up: int) -> str:
    head = (_("job"), _("state"), _("last run (UTC)"), _("came to"), _("next (UTC)"), _("missed"), _("command"))
    words = {
        "good": _("good"),
        "failed": _("FAILED"),
        "running": _("running"),
        "overdue": _("OVERDUE"),
        "disabled": _("switched off"),
        "never": _("never run"),
    }
    rows = [
        (
            each["id"],
            words[each["state"]],
            _moment(each["last_started"]),
            each["last_words"],
            _moment(each["next_due"]) if each["state"] != "disabled" else "",
            str(each["missed"] or ""),
            " ".join(each["command"]),
        )
        for each in jobs
    ]
    lines = [table(head, rows), "", _("times of day are those of {zone}").format(zone=zone)]
    if waiting:
        lines.append(_("{count} notices wait to be delivered; next: sec-ops schedule run-due").format(count=waiting))
    if given_up:
        lines.append(
            _("{count} notices reached nobody for a week; they lie in var/notify/undelivered").format(count=given_up)
        )
    return "\n".join(lines)


def _moment(text: str) -> str:
    return text[:16].replace("T", " ")


def _ran(body: dict[str, Any]) -> str:
    lines = [
        _("{job}: {outcome} in {seconds} s").format(
            job=each["id"], outcome=each["words"], seconds=round(each["elapsed_ms"] / 1000)
        )
        for each in body["jobs"]
    ]
    refused = _("not delivered by {notifier}: {reason}")
    lines += [refused.format(notifier=each["notifier"], reason=each["reason"]) for each in body["notices"]["failures"]]
    return "\n".join(lines) or _("nothing was due")
