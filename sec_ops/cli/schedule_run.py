"""The rooms and doors of `schedule`, put together."""

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sec_ops.cli.jobs import jobs_of_site
from sec_ops.cli.termination import was_terminated
from sec_ops.cli.told import telling
from sec_ops.model.errors import EngineError, UsageError
from sec_ops.model.job import Job, JobResult, RunJob
from sec_ops.model.messages import message
from sec_ops.model.outcome import Outcome
from sec_ops.notify.notifiers import NotifierDoors
from sec_ops.notify.outbox import Delivery, Outbox
from sec_ops.runtime.clock import SystemClock, utc_text
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import make_folder
from sec_ops.runtime.language import render, translator
from sec_ops.runtime.secrets import Secrets
from sec_ops.runtime.site import Site
from sec_ops.schedule.claims import Claims
from sec_ops.schedule.due import JobState, run_due, states
from sec_ops.transport.process import run_program

__all__ = ["Room", "document", "open_outbox", "open_room", "passes", "run_once"]

_SAID_BYTES = 4000
_LOOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A site's jobs, their claims and its outbox."""

    jobs: Sequence[Job]
    claims: Claims
    outbox: Outbox
    zone: ZoneInfo
    run_job: RunJob

    def states(self) -> tuple[JobState, ...]:
        """Return what is known of each job now."""
        return states(self.jobs, self.claims, SystemClock().now(), self.zone)


def open_outbox(site: Site) -> Outbox:
    """Return the outbox of a site; raises ContentInvalid for a configuration with faults."""
    configuration = load_configuration(site)
    doors = NotifierDoors(root=site.root, read_secret=Secrets(run_program=run_program), clock=SystemClock())
    notify = configuration.notify
    return Outbox(
        site.var / "notify",
        notify.notifiers,
        doors,
        site=configuration.name.spoken(notify.language),
        translate=translator(notify.language),
    )


def open_room(site: Site, only: str = "") -> Room:
    """Return the room of a site, with all its jobs or one; raises UsageError when there is no such job."""
    configuration = load_configuration(site)
    schedule = configuration.schedule
    jobs = jobs_of_site(site, configuration)
    chosen = tuple(job for job in jobs if only in ("", job.id))
    if not chosen:
        what = message("there is no job {job}", job=only)
        raise UsageError(what, advice=message("jobs of this site: {jobs}", jobs=", ".join(job.id for job in jobs)))
    return Room(
        jobs=chosen,
        claims=Claims(site.state / "schedule"),
        outbox=open_outbox(site),
        zone=ZoneInfo(schedule.zone),
        run_job=_job_runner(site, configuration.notify.language),
    )


def run_once(room: Room) -> tuple[dict[str, Any], tuple[Outcome, ...]]:
    """Run what is due and deliver what waits; return the document's body and the outcomes that hold."""
    ran = run_due(
        room.jobs,
        room.claims,
        clock=SystemClock(),
        zone=room.zone,
        run_job=room.run_job,
        tell=room.outbox.put,
    )
    delivery = room.outbox.deliver()
    jobs = [
        {
            "id": each.job.id,
            "due": utc_text(each.due),
            "missed": each.missed,
            "outcome": each.result.outcome.label,
            "words": render(each.result.words),
            "elapsed_ms": each.result.elapsed_ms,
        }
        for each in ran
    ]
    outcomes = tuple({each.result.outcome for each in ran} | ({Outcome.INCOMPLETE} if delivery.failures else set()))
    return {"jobs": jobs, "notices": _notices(delivery)}, outcomes


def passes(room: Room) -> Iterator[dict[str, Any]]:
    """Run what is due again and again; yield the passes in which something happened. Ends by a signal."""
    pause = threading.Event()
    while not was_terminated():
        body, _outcomes = run_once(room)
        if body["jobs"] or body["notices"]["failures"]:
            yield body
        pause.wait(_LOOP_SECONDS)


def document(state: JobState) -> dict[str, Any]:
    """Return a job's state as JSON shows it."""
    latest = state.latest
    result = latest.result if latest else None
    return {
        "id": state.job.id,
        "command": list(state.job.command),
        "timing": state.job.timing.model_dump(mode="json", exclude_none=True),
        "state": _state_word(state),
        "last_started": utc_text(latest.started) if latest else "",
        "last_outcome": result.outcome.label if result else "",
        "last_words": render(result.words) if result else "",
        "last_elapsed_ms": result.elapsed_ms if result else 0,
        "last_said": result.said if result else "",
        "next_due": utc_text(state.next_due),
        "missed": state.missed,
    }


def _state_word(state: JobState) -> str:
    if not state.job.enabled:
        return "disabled"
    if state.running:
        return "running"
    if state.latest is None:
        return "never"
    if state.latest.result is None or not state.latest.result.good:
        return "failed"
    return "overdue" if state.missed else "good"


def _notices(delivery: Delivery) -> dict[str, Any]:
    return {
        "delivered": delivery.delivered,
        "waiting": delivery.waiting,
        "given_up": delivery.given_up,
        "failures": [
            {"notifier": each.notifier, "notice": each.notice, "reason": render(each.error.what)}
            for each in delivery.failures
        ],
    }


def _job_runner(site: Site, language: str) -> RunJob:
    """Return what runs jobs; they speak the language of the notices that quote them."""

    def run_job(job: Job) -> JobResult:
        words = [sys.executable, "-m", "sec_ops", "--site", str(site.root), "--lang", language, *job.command]
        clock = SystemClock()
        started = clock.monotonic_ms()
        mark = make_folder(site.state / "schedule") / f".told-{job.id}-{os.getpid()}"
        with telling(mark) as environment:
            try:
                done = run_program(words, deadline_seconds=60 * job.deadline_minutes, environment=environment)
            except EngineError as error:
                elapsed = clock.monotonic_ms() - started
                return JobResult(outcome=Outcome.ENGINE, elapsed_ms=elapsed, said=render(error.what))
            told = mark.exists()
        text = done.stderr.strip() or (done.stdout if done.exit_code else b"")
        said = text[-_SAID_BYTES:].decode("utf-8", "replace").strip()
        return JobResult(outcome=_outcome(done.exit_code), elapsed_ms=done.elapsed_ms, said=said, told=told)

    return run_job


def _outcome(code: int) -> Outcome:
    return Outcome(code) if code in set(Outcome) else Outcome.INTERNAL
