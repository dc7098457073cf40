"""`postgresql`: a server for restored databases, empty at first; or one made of a base backup and its log.

Of a base backup every configuration file is set aside: `archive_command`, libraries to preload and includes of a
restored one could reach for production.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sec_ops.drill.sandbox.speaking import Sandbox
from sec_ops.drill.service import Lacking, Place, Standing, make, wait_until
from sec_ops.drill.settings import SourceName
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SERVICE", "programs_for"]

_PACKAGE = "postgresql"
_ROOT = Path("/usr/lib/postgresql")
_SHOWN = 20
_ASIDE = (
    "postgresql.conf",
    "postgresql.auto.conf",
    "pg_hba.conf",
    "pg_ident.conf",
    "standby.signal",
    "recovery.signal",
)
_CONFIGURATION = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket}'
shared_preload_libraries = ''
session_preload_libraries = ''
local_preload_libraries = ''
archive_mode = off
primary_conninfo = ''
synchronous_standby_names = ''
ssl = off
hot_standby = off
hba_file = '{data}/pg_hba.conf'
ident_file = '{data}/pg_ident.conf'
logging_collector = off
"""
_RECOVERY = """\
restore_command = 'cp "{log}/%f" "%p"'
recovery_target_action = 'promote'
recovery_target_timeline = 'latest'
"""


class Settings(Value):
    """`base` and `log` are sources of kind postgresql_base whose data is the server; none: an empty one.

    `until` is the moment (RFC 3339) up to which the log is replayed; none: all of it. `user` is a superuser, who of a
    base backup must be in it; nobody asks for a password here.
    """

    base: SourceName = ""
    log: SourceName = ""
    until: datetime | None = None
    user: NonEmpty = "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgresql:
    """A PostgreSQL server of this machine's version."""

    settings: type[Settings] = Settings
    loads: Literal["running", "stopped"] = "running"

    def lacking(self) -> Sequence[Lacking]:
        """Return what is missing."""
        return () if _versions() else (Lacking(program="initdb", package=_PACKAGE),)

    def readable(self) -> Sequence[Path]:
        """Nothing beyond /usr."""
        return ()

    def provision(self, place: Place) -> Standing:
        """Make an empty cluster, or lay the generated configuration into the restored one."""
        settings = Settings.model_validate(place.settings)
        sandbox, data = place.sandbox, place.folder / "data"
        if settings.base:
            _set_aside(place, place.restored[settings.base], data)
        else:
            _initialised(place)
        sandbox.make_folder(place.folder / "socket")
        text = _CONFIGURATION.format(port=place.port, socket=place.inside("socket"), data=place.inside("data"))
        if settings.base:
            text += _recovery(place, settings)
            sandbox.write(data / "recovery.signal", b"")
        sandbox.write(data / "postgresql.conf", text.encode())
        sandbox.write(data / "pg_hba.conf", b"local all all trust\nhost all all 127.0.0.1/32 trust\n")
        sandbox.write(data / "pg_ident.conf", b"")
        programs = str(programs_for(sandbox, data))
        client = {"server": place.inside("socket"), "port": place.port, "user": settings.user, "programs": programs}
        return Standing(client=client)

    def start(self, place: Place) -> None:
        """Start the server and wait until it takes writes: recovery has ended then."""
        programs = programs_for(place.sandbox, place.folder / "data")
        settings = Settings.model_validate(place.settings)
        place.sandbox.start(place.name, [f"{programs}/postgres", "-D", place.inside("data")])
        words = [f"{programs}/psql", "-XqAtc", "SELECT NOT pg_is_in_recovery()", "-h", place.inside("socket")]
        words += ["-p", str(place.port), "-U", settings.user, "postgres"]
        wait_until(place, lambda: place.sandbox.run(words, seconds=10).stdout.strip() == "t")


def programs_for(sandbox: Sandbox, data: Path | None) -> Path:
    """Return the programs of the version that a data folder is of, the newest for none; raises ProgramFailed."""
    versions = _versions()
    if data is not None:
        wanted = sandbox.read(data / "PG_VERSION")[:_SHOWN].decode(errors="replace").strip()
        if wanted in versions:
            return versions[wanted]
        what = message("the data is of PostgreSQL {version}, which is not installed here", version=wanted)
        advice = message("install it: apt-get install {package}", package=f"{_PACKAGE}-{wanted}")
        raise ProgramFailed(what, advice=advice)
    if not versions:
        what = message("{program} is not installed", program="PostgreSQL")
        raise ProgramFailed(what, advice=message("install it: apt-get install {package}", package=_PACKAGE))
    return versions[max(versions, key=float)]


def _initialised(place: Place) -> None:
    user = Settings.model_validate(place.settings).user
    programs = programs_for(place.sandbox, None)
    words = [f"{programs}/initdb", "-D", place.inside("data"), "-U", user, "-A", "trust", "-E", "UTF8"]
    make(place, [*words, "--no-instructions"])


def _set_aside(place: Place, restored: Path, data: Path) -> None:
    """Take the restored folder as the server's, its configuration out of it; all of it as the sandbox's user."""
    sandbox, aside = place.sandbox, data.with_name("restored-configuration")
    sandbox.move(restored, data)
    sandbox.make_folder(aside)
    for name in (*_ASIDE, "postmaster.pid", "postmaster.opts"):
        sandbox.move(data / name, aside / name)
    if sandbox.listed(data / "pg_tblspc"):
        what = message("the base backup has table spaces, which drills don't restore yet")
        raise ProgramFailed(what, where=sandbox.seen(data / "pg_tblspc"))


def _recovery(place: Place, settings: Settings) -> str:
    log = place.sandbox.seen(place.logs[settings.log])
    text = _RECOVERY.format(log=log.replace("'", "''"))
    if settings.until:
        text += f"recovery_target_time = '{settings.until.isoformat()}'\n"
    return text


def _versions() -> dict[str, Path]:
    """Return the folders of programs by version."""
    return {path.parent.parent.name: path.parent for path in _ROOT.glob("*/bin/initdb")}


SERVICE = Postgresql()
