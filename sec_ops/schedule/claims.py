"""Claims: which process runs a job for which due instant, so that two controllers never run one job twice.

A claim is a file, linked only if it isn't there yet, which a shared disk guarantees as well as a local one:
`<job>/<instant>.<attempt>.json`. Its holder writes the result over it. A claim without a result whose time is over
belonged to a controller that died: the next attempt may be claimed.
"""

import json
import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sec_ops.model.canonical import canonical_json
from sec_ops.model.job import Job, JobResult
from sec_ops.model.outcome import Outcome
from sec_ops.runtime.clock import utc_text
from sec_ops.runtime.files import make_folder, storage_error, sync_folder, write_atomically

__all__ = ["Claim", "Claims"]

_FORM = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(\d{8}T\d{6}Z)\.(\d{1,4})\.json")
_KEPT = 200
_MARGIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A job's run for one due instant. `until` is when a claim without a result counts as abandoned (UTC)."""

    job: str
    due: datetime
    attempt: int
    started: datetime
    until: datetime
    holder: str
    result: JobResult | None = None

    def running(self, now: datetime) -> bool:
        """Return whether its holder may still be at work."""
        return self.result is None and now < self.until


class Claims:
    """The claims of a site's jobs, kept below one folder; the last two hundred of each job stay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def latest(self, job: str, now: datetime) -> Claim | None:
        """Return the claim with the latest due instant and attempt; raises StorageError.

        One that is due later than now was made by a clock that was wrong: it must not keep the job from running.
        """
        last = (now + _MARGIN).astimezone(UTC).strftime(_FORM)
        names = [each for each in self._names(job) if each[: len(last)] <= last]
        return self._read(job, names[-1]) if names else None

    def take(self, job: Job, due: datetime, now: datetime) -> Claim | None:
        """Claim a due instant, or return None when somebody else has it; raises StorageError.

        Nothing is claimed while an earlier run of the job may still be at work.
        """
        latest = self.latest(job.id, now)
        if latest is not None and (latest.running(now) or (latest.due >= due and latest.result is not None)):
            return None
        attempt = latest.attempt + 1 if latest is not None and latest.due == due else 1
        until = now + timedelta(minutes=job.deadline_minutes) + _MARGIN
        holder = f"{socket.gethostname()}/{os.getpid()}"
        claim = Claim(job=job.id, due=due, attempt=attempt, started=now, until=until, holder=holder)
        return claim if self._create(claim) else None

    def finish(self, claim: Claim, result: JobResult) -> None:
        """Write down what a run came to, and forget what is older than is kept; raises StorageError."""
        path = self._path(claim)
        write_atomically(path, _document(claim, result))
        for name in [each for each in self._names(claim.job) if each <= path.name][:-_KEPT]:
            (self._folder / claim.job / name).unlink(missing_ok=True)

    def _create(self, claim: Claim) -> bool:
        """Make the claim's file if there is none: a link to a file that is whole already, so none is seen half made."""
        path = self._path(claim)
        make_folder(path.parent)
        whole = path.with_name(f".{secrets.token_hex(8)}")
        try:
            write_atomically(whole, _document(claim, None))
            path.hardlink_to(whole)
            sync_folder(path.parent)
        except FileExistsError:
            return False
        except OSError as error:
            raise storage_error(path, error) from error
        finally:
            whole.unlink(missing_ok=True)
        return True

    def _path(self, claim: Claim) -> Path:
        return self._folder / claim.job / f"{claim.due.strftime(_FORM)}.{claim.attempt:04d}.json"

    def _names(self, job: str) -> list[str]:
        try:
            return sorted(each.name for each in (self._folder / job).iterdir() if _NAME.fullmatch(each.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_error(self._folder / job, error) from error

    def _read(self, job: str, name: str) -> Claim:
        """Return a claim; one that can't be read was harmed, and counts as made when its file was."""
        path = self._folder / job / name
        form, attempt = _NAME.fullmatch(name).groups()  # type: ignore[union-attr]
        due = datetime.strptime(form, _FORM).replace(tzinfo=UTC)
        try:
            document: Mapping[str, Any] = json.loads(path.read_bytes())
            return _claim(job, due, int(attempt), document)
        except (OSError, ValueError, KeyError, TypeError):
            made = _modified(path)
            return Claim(job=job, due=due, attempt=int(attempt), started=made, until=made + _MARGIN, holder="?")


def _modified(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.fromtimestamp(0, UTC)


def _claim(job: str, due: datetime, attempt: int, document: Mapping[str, Any]) -> Claim:
    result = document["result"]
    return Claim(
        job=job,
        due=due,
        attempt=attempt,
        started=datetime.fromisoformat(document["started"]),
        until=datetime.fromisoformat(document["until"]),
        holder=document["holder"],
        result=JobResult(
            outcome=Outcome(result["outcome"]),
            elapsed_ms=result["elapsed_ms"],
            said=result["said"],
            told=bool(result.get("told")),
        )
        if result
        else None,
    )


def _document(claim: Claim, result: JobResult | None) -> bytes:
    said = {**result.model_dump(), "outcome": int(result.outcome)} if result else None
    moments = {"started": utc_text(claim.started), "until": utc_text(claim.until)}
    return canonical_json({**moments, "holder": claim.holder, "result": said}) + b"\n"
