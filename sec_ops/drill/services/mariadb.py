"""`mariadb`: an empty MariaDB server that dumps are loaded into, on a socket and the sandbox's loopback."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sec_ops.drill.service import Lacking, Place, Standing, found, make, wait_until
from sec_ops.model.values import Value

__all__ = ["SERVICE"]

_PACKAGE = "mariadb-server"
_USER = "drill"


class Settings(Value):
    """Nothing to be set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mariadb:
    """A MariaDB server of this machine's version."""

    settings: type[Settings] = Settings
    loads: Literal["running", "stopped"] = "running"

    def lacking(self) -> Sequence[Lacking]:
        """Return what is missing."""
        programs = (("mariadbd", _PACKAGE), ("mariadb-install-db", _PACKAGE), ("mariadb", "mariadb-client"))
        return [each for program, package in programs for each in found(program, package)[1]]

    def readable(self) -> Sequence[Path]:
        """Nothing beyond /usr."""
        return ()

    def provision(self, place: Place) -> Standing:
        """Make an empty data folder whose one account is the sandbox's own user, by its socket."""
        words = ["mariadb-install-db", "--no-defaults", f"--datadir={place.inside('data')}", "--skip-test-db"]
        words += ["--auth-root-authentication-method=socket", f"--auth-root-socket-user={_USER}", "--skip-name-resolve"]
        make(place, words)
        return Standing(client={"server": place.inside("socket"), "user": _USER, "port": None})

    def start(self, place: Place) -> None:
        """Start the server and wait until it answers."""
        socket = place.inside("socket")
        words = ["mariadbd", "--no-defaults", f"--datadir={place.inside('data')}", f"--socket={socket}"]
        words += [f"--pid-file={place.inside('pid')}", "--bind-address=127.0.0.1", f"--port={place.port}"]
        place.sandbox.start(place.name, [*words, f"--log-error={place.inside('error.log')}", "--skip-log-bin"])
        asked = ["mariadb", "--no-defaults", f"--socket={socket}", f"--user={_USER}", "--execute=SELECT 1"]
        wait_until(place, lambda: place.sandbox.run(asked, seconds=10).exit_code == 0)


SERVICE = Mariadb()
