"""Writing what wakes the jobs, and looking at it before anybody relies on it."""

import pwd
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sec_ops.cli.jobs import jobs_of_site
from sec_ops.model.errors import EngineError, ProgramFailed, UsageError
from sec_ops.model.messages import message
from sec_ops.runtime.configuration import load_configuration
from sec_ops.runtime.files import make_folder, write_atomically
from sec_ops.runtime.language import gettext as _
from sec_ops.runtime.site import Site
from sec_ops.schedule.install.cron import cron_file
from sec_ops.schedule.install.systemd import Installation, unit_files
from sec_ops.transport.process import program_failed, run_program

__all__ = ["Request", "install", "spoken"]

_FOLDERS = {"systemd": Path("/etc/systemd/system"), "cron": Path("/etc/cron.d")}
_RUNNING = Path("/run/systemd/system")
_MODE = 0o644
_EXPOSURE = re.compile(r"Overall exposure level for (\S+): ([0-9.]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be installed where; without `output` where the manager reads it."""

    manager: str
    output: Path | None
    user: str
    dry_run: bool


def install(site: Site, request: Request) -> dict[str, Any]:
    """Write the files and return what was written and how far it was checked.

    Raises ProgramFailed when systemd finds a fault in a unit, before anything is written.
    """
    place = _place(site, request)
    configuration = load_configuration(site)
    jobs = jobs_of_site(site, configuration)
    systemd = request.manager == "systemd"
    files = unit_files(jobs, place) if systemd else {f"sec-ops-{place.site_id}": cron_file(place)}
    checks = _checked(files) if systemd else {"verified": False, "exposure": {}}
    folder = request.output or _FOLDERS[request.manager]
    if not request.dry_run:
        _write(folder, files)
    started = _start(files) if _is_live(request) else False
    return {
        "manager": request.manager,
        "folder": str(folder),
        "files": dict(files) if request.dry_run else sorted(files),
        "dry_run": request.dry_run,
        "user": place.user,
        "started": started,
        **checks,
    }


def spoken(body: Mapping[str, Any]) -> str:
    """Return what was done for a person, and the next command."""
    if body["dry_run"]:
        lines = [f"# {body['folder']}/{name}\n{text}" for name, text in body["files"].items()]
    else:
        lines = [f"{body['folder']}/{name}" for name in body["files"]]
    if body["manager"] == "systemd":
        lines.append(_verdict(body))
        if not body["started"] and not body["dry_run"]:
            timers = " ".join(name for name in body["files"] if name.endswith(".timer"))
            lines.append(_("next: systemctl daemon-reload && systemctl enable --now {timers}").format(timers=timers))
    return "\n".join(lines)


def _verdict(body: Mapping[str, Any]) -> str:
    if not body["verified"]:
        return _("the units were not verified: systemd-analyze is not installed")
    worst = max(body["exposure"].values(), default="0", key=float)
    live = _("systemd runs here") if _RUNNING.is_dir() else _("systemd doesn't run here: verified offline only")
    return _("systemd-analyze verify found no fault; exposure at most {level} of 10; {live}").format(
        level=worst, live=live
    )


def _place(site: Site, request: Request) -> Installation:
    configuration = load_configuration(site)
    return Installation(
        program=_program(),
        site=site.root.resolve(),
        user=request.user or _owner(site),
        site_id=configuration.id,
        zone=configuration.schedule.zone,
    )


def _program() -> Path:
    beside = Path(sys.executable).parent / "sec-ops"
    found = str(beside) if beside.exists() else shutil.which("sec-ops")
    if found is None:
        what = message("the program sec-ops is not on the path")
        raise UsageError(what, advice=message("install it, or run the command with the sec-ops that is to be started"))
    return Path(found)


def _owner(site: Site) -> str:
    status = site.configuration.stat()
    try:
        return pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        return str(status.st_uid)


def _checked(files: Mapping[str, str]) -> dict[str, Any]:
    """Return what systemd-analyze says of the units; raises ProgramFailed for a fault."""
    if shutil.which("systemd-analyze") is None:
        return {"verified": False, "exposure": {}}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        paths = [str(Path(folder) / name) for name in files]
        verify = ["systemd-analyze", "verify", "--man=no", *paths]
        done = run_program(verify, deadline_seconds=120)
        # Faults of this machine's own units are told too; only those of ours are ours to refuse.
        ours = [
            each for each in done.stderr.decode(errors="replace").splitlines() if folder in each or "sec-ops-" in each
        ]
        if ours:
            raise ProgramFailed(
                message("systemd finds faults in the units"), where="systemd-analyze verify", why="\n".join(ours)
            )
        return {"verified": True, "exposure": _exposure([each for each in paths if each.endswith(".service")])}


def _exposure(services: list[str]) -> dict[str, str]:
    """Return service to exposure level (0 to 10) by `systemd-analyze security --offline`, which systemd 250 brought."""
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", *services]
    try:
        done = run_program(command, deadline_seconds=120, environment={"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0"})
    except EngineError:
        return {}
    return dict(_EXPOSURE.findall(done.stdout.decode(errors="replace")))


def _write(folder: Path, files: Mapping[str, str]) -> None:
    make_folder(folder)
    for name, text in files.items():
        write_atomically(folder / name, text.encode(), mode=_MODE)


def _is_live(request: Request) -> bool:
    return request.manager == "systemd" and request.output is None and not request.dry_run and _RUNNING.is_dir()


def _start(files: Mapping[str, str]) -> bool:
    """Have the running systemd read the units and start the timers; raises ProgramFailed."""
    timers = [name for name in files if name.endswith(".timer")]
    for command in (["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", *timers]):
        done = run_program(command, deadline_seconds=60)
        if done.exit_code:
            raise program_failed(command, done)
    return True
