"""Units of systemd: a service and a timer a job. The timer wakes us; whether the job is due, its claim decides."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sec_ops.model.job import Job, Timing

__all__ = ["Installation", "on_calendar", "unit_files"]

_DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
_MARGIN_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Where things are on this machine: the program, the site, the user it runs as, the zone of its clock."""

    program: Path
    site: Path
    user: str
    site_id: str
    zone: str
    writable: tuple[Path, ...] = ()


def unit_files(jobs: Iterable[Job], place: Installation) -> Mapping[str, str]:
    """Return file name to text of the units of all enabled jobs."""
    files = {}
    for job in jobs:
        if job.enabled:
            name = f"sec-ops-{place.site_id}-{job.id}"
            files[f"{name}.service"] = _service(job, place)
            files[f"{name}.timer"] = _timer(job, place)
    return files


def on_calendar(timing: Timing, zone: str) -> str:
    """Return a timing as systemd.time(7) writes it."""
    if timing.every_minutes is not None:
        return f"*-*-* *:0/{timing.every_minutes}:00 {zone}"
    if timing.every_hours is not None:
        return f"*-*-* 0/{timing.every_hours}:00:00 {zone}"
    if timing.daily is not None:
        return f"*-*-* {timing.daily}:00 {zone}"
    day, _space, clock = str(timing.weekly).partition(" ")
    return f"{_DAYS[day]} *-*-* {clock}:00 {zone}"


def _timer(job: Job, place: Installation) -> str:
    return f"""\
[Unit]
Description=sec-ops {job.id} of {place.site_id}

[Timer]
OnCalendar={on_calendar(job.timing, place.zone)}
Persistent=true
AccuracySec=1s
RandomizedDelaySec=20s

[Install]
WantedBy=timers.target
"""


def _service(job: Job, place: Installation) -> str:
    writable = " ".join(_word(each) for each in (place.site, *place.writable))
    command = f"{_argument(place.program)} --site {_argument(place.site)} schedule run-due --job {job.id}"
    return f"""\
[Unit]
Description=sec-ops {job.id} of {place.site_id}
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=oneshot
User={place.user}
ExecStart={command}
# 1 says that findings were made, 3 that something could not be read: the notices tell people, the unit did its work.
SuccessExitStatus=1 3
TimeoutStartSec={60 * job.deadline_minutes + _MARGIN_SECONDS}
UMask=0077
Nice=5
ReadWritePaths={writable}
{_HARDENING}"""


def _argument(path: Path) -> str:
    """Return a path as an argument of a command line, where systemd also replaces variables."""
    return _word(path).replace("$", "$$")


def _word(path: Path) -> str:
    """Return a path as a word of a unit file: specifiers and quotes escaped."""
    text = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if re.search(r"[\s\"'\\;]", text) else text


_HARDENING = """\
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""
