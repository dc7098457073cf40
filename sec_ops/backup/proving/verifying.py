"""Verifying a repository: its structure, a share of its data that rotates, its restore points by their manifests."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from sec_ops.backup.proving.checking import PointChecked, check_point
from sec_ops.backup.restic.asking import OnEvent, nothing
from sec_ops.backup.restic.client import Restic
from sec_ops.backup.restic.requests import ReadData
from sec_ops.backup.restic.results import CheckResult
from sec_ops.backup.restoring.choosing import Point
from sec_ops.backup.running.verdicts import worst
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import message

__all__ = ["SHARES", "SystemVerified", "Verified", "subset", "valid_subset", "verify"]

SHARES = 12
"""A repository's data is read whole in so many verifications."""

_SUBSET = re.compile(r"all|none|[1-9]\d{0,3}/[1-9]\d{0,3}|(?:100|[1-9]\d?)(?:\.\d{1,3})?%|[1-9]\d{0,8}[KMGT]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemVerified:
    """A restore point of a system, compared with its manifest."""

    system: str
    checked: PointChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A repository: what restic's check found after reading `read` of the data, and each point."""

    repository: str
    read: str
    check: CheckResult
    systems: tuple[SystemVerified, ...] = ()

    @property
    def judged(self) -> Judged:
        """Return the gravest verdict; a repository without a point that counts has nothing proved in it."""
        points = [each.checked.judged for each in self.systems] or [_NOTHING]
        return worst((self.check.judged, *points))


def verify(
    restic: Restic,
    points: Sequence[Point],
    read: str,
    *,
    trust: Collection[str],
    folder: Path,
    on_event: OnEvent = nothing,
) -> Verified:
    """Check the structure, read `read` of the data (as `subset` says), compare the points; raises StorageError."""
    reading = ReadData(subset="" if read == "none" else read)
    check = restic.check(reading, on_event=on_event)
    systems = tuple(
        SystemVerified(
            system=each.system,
            checked=check_point(restic, each.run, each.manifest, each.standing, trust=trust, folder=folder),
        )
        for each in points
    )
    return Verified(repository=restic.repository.id, read=read, check=check, systems=systems)


def subset(times: int) -> str:
    """Return the share that is read after a repository was verified so many times: each in its turn."""
    return f"{times % SHARES + 1}/{SHARES}"


def valid_subset(text: str) -> bool:
    """Return whether restic knows such a share: 3/12, 10%, 500M, all, none."""
    if not _SUBSET.fullmatch(text):
        return False
    part, slash, whole = text.partition("/")
    return not slash or int(part) <= int(whole)


_NOTHING = Judged(
    verdict=Verdict.PARTIAL,
    what=message("no restore point counts there, so nothing could be compared with a manifest"),
    advice=message("see which there are and why they don't: sec-ops backup snapshots"),
)
