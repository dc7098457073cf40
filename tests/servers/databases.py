"""Real databases on sockets and loopback, each with its own folder, ended by the process that was started."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import answers, free_port, running

__all__ = [
    "PASSWORD",
    "Database",
    "mariadb_server",
    "openldap_configuration",
    "openldap_server",
    "postgresql_programs",
    "postgresql_server",
    "redis_server",
]

PASSWORD = "pass:word \\ '\"$HOME"
"""What quoting gets wrong first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A running server: its folder, its socket's folder or file (or host), and how to speak to it as its owner."""

    folder: Path
    server: str
    port: int | None
    client: tuple[str, ...]

    def say(self, text: str, *more: str) -> str:
        """Send statements and return the answer."""
        done = subprocess.run([*self.client, *more], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def _folder(owner: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="database-"))
    folder.chmod(0o755)
    shutil.chown(folder, owner)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgresql_programs() -> Path:
    """Return the folder of the newest PostgreSQL."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


@contextmanager
def postgresql_server(**settings: str) -> Iterator[Database]:
    """Run PostgreSQL with a superuser `keeper` who signs in by password, on a socket."""
    with _folder("postgres") as folder:
        data, programs = folder / "data", postgresql_programs()
        pass_file = folder / "password"
        pass_file.write_text(PASSWORD)
        pass_file.chmod(0o644)
        _as(
            "postgres",
            programs / "initdb",
            "--no-sync",
            "-D",
            data,
            "-U",
            "keeper",
            f"--pwfile={pass_file}",
            "-A",
            "scram-sha-256",
        )
        owner = "local all owner peer map=owner\nlocal replication owner peer map=owner\n"
        hba = data / "pg_hba.conf"
        hba.write_text(owner + hba.read_text())
        (data / "pg_ident.conf").write_text("owner root owner\nowner postgres owner\n")
        port = free_port()
        options = {"unix_socket_directories": str(folder), "listen_addresses": "", "port": str(port), "fsync": "off"}
        words = [word for name, value in (options | settings).items() for word in ("-c", f"{name}={value}")]
        command = _user("postgres", programs / "postgres", "-D", data, *words)
        socket = folder / f".s.PGSQL.{port}"
        with running(command, socket.exists, folder / "log"):
            first = (str(programs / "psql"), "-XqAt", "-h", str(folder), "-p", str(port), "-v", "ON_ERROR_STOP=1")
            environment = ("env", f"PGPASSWORD={PASSWORD}")
            started = Database(
                folder=folder, server=str(folder), port=port, client=(*environment, *first, "-U", "keeper", "postgres")
            )
            _until(lambda: started.say("SELECT 1"))
            started.say("CREATE ROLE owner SUPERUSER LOGIN REPLICATION")
            yield Database(
                folder=folder, server=str(folder), port=port, client=(*first, "-U", "owner", "-d", "postgres")
            )


@contextmanager
def mariadb_server(*options: str) -> Iterator[Database]:
    """Run MariaDB with a user `keeper` who signs in by password, on a socket."""
    with _folder("mysql") as folder:
        data, socket = folder / "data", folder / "socket"
        installed = ("--no-defaults", f"--datadir={data}", "--user=mysql", "--skip-test-db")
        subprocess.run(["mariadb-install-db", *installed], check=True, capture_output=True)
        words = ("--no-defaults", f"--datadir={data}", f"--socket={socket}", f"--pid-file={folder}/pid", *options)
        command = _user("mysql", "mariadbd", *words, "--skip-networking", "--innodb-flush-log-at-trx-commit=2")
        with running(command, socket.exists, folder / "log"):
            client = ("mariadb", "--no-defaults", f"--socket={socket}")
            database = Database(folder=folder, server=str(socket), port=None, client=client)
            quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
            database.say(
                f"CREATE USER keeper@localhost IDENTIFIED BY '{quoted}';\nGRANT ALL ON *.* TO keeper@localhost;"
            )
            yield database


@contextmanager
def redis_server(folder: Path) -> Iterator[Database]:
    """Run Redis on loopback with a password."""
    port = free_port()
    configuration = folder / "redis.conf"
    escaped = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
    quick = 'save ""\nrepl-diskless-sync-delay 0'
    configuration.write_text(f'port {port}\nbind 127.0.0.1\ndir {folder}\n{quick}\nrequirepass "{escaped}"\n')
    with running(["redis-server", str(configuration)], lambda: answers(port), folder / "log"):
        client = ("env", f"REDISCLI_AUTH={PASSWORD}", "redis-cli", "-p", str(port))
        yield Database(folder=folder, server="127.0.0.1", port=port, client=client)


_SLAPD = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {folder}/pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
maxsize 104857600
suffix "dc=edu,dc=example"
rootdn "cn=admin,dc=edu,dc=example"
rootpw secret
directory {folder}/data
"""


def openldap_configuration(folder: Path) -> Path:
    """Make a configuration folder with an empty database beside it."""
    (folder / "data").mkdir(parents=True)
    (folder / "slapd.d").mkdir()
    (folder / "slapd.conf").write_text(_SLAPD.format(folder=folder))
    made = ["slaptest", "-f", str(folder / "slapd.conf"), "-F", str(folder / "slapd.d")]
    done = subprocess.run(made, check=False, capture_output=True)  # it ends badly: there is no database yet
    assert (folder / "slapd.d" / "cn=config.ldif").is_file(), done.stderr
    return folder / "slapd.d"


@contextmanager
def openldap_server(folder: Path) -> Iterator[Database]:
    """Run slapd on a socket; its administrator's password is `secret`."""
    configuration = openldap_configuration(folder)
    socket = folder / "socket"
    where = f"ldapi://{str(socket).replace('/', '%2F')}"
    command = ["slapd", "-F", str(configuration), "-h", where, "-d", "0"]
    asked = ["ldapwhoami", "-H", where, "-x"]
    with running(
        command, lambda: subprocess.run(asked, capture_output=True, check=False).returncode == 0, folder / "log"
    ):
        client = ("ldapadd", "-H", where, "-x", "-D", "cn=admin,dc=edu,dc=example", "-w", "secret")
        yield Database(folder=folder, server=str(configuration), port=None, client=client)


def _as(user: str, *command: str | Path) -> None:
    subprocess.run(_user(user, *command), check=True, capture_output=True)


def _user(user: str, *command: str | Path) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *map(str, command)]


def _until(ask: Callable[[], object]) -> None:
    for _attempt in range(200):
        try:
            ask()
        except AssertionError:
            subprocess.run(["sleep", "0.05"], check=True)
        else:
            return
    ask()
