"""`redis`: the whole server as one RDB file, sent as to a replica."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.dumped import dumping
from sec_ops.backup.dumping.servers import ServerSettings
from sec_ops.backup.dumping.tapping import Told, Words, quiet
from sec_ops.backup.source import Beat, Capture, Facts, Loading, Order
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message

__all__ = ["SOURCE"]

_FILENAME = "dump.rdb"
_BEAT_KEY = "sec_ops_heartbeat"


class Settings(ServerSettings):
    """A Redis server."""

    user: str = Field(default="", description="ACL user; empty: the default user")


class Redis:
    """A Redis server."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Ask the server's time, then for its data; it forks, so what comes later is in the next backup."""
        settings = Settings.model_validate(order.source.settings)
        seconds, *_microseconds = _asked(settings, order, ("TIME",))
        taken_at = datetime.fromtimestamp(int(seconds), UTC)
        beat = _asked(settings, order, ("GET", _BEAT_KEY))
        heartbeat = datetime.fromtimestamp(float(beat[0]), UTC) if beat and beat[0] else None

        def add(told: Told) -> Facts:
            return Facts(taken_at=taken_at, heartbeat=heartbeat, dumped=(told.dumped,))

        with dumping(order, _client(settings, order, ("--rdb", "-")), _FILENAME, add=add) as capture:
            yield capture

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Put the file into the data folder `into` of a server that does not run, after it was checked."""
        place = f"{into.rstrip('/')}/{_FILENAME}"
        written = Words(arguments=("dd", f"of={place}", "conv=fsync", "status=none"))
        checked = Words(arguments=("redis-check-rdb", place))
        return (
            Loading(arguments=quiet(written, order.doors), reads=_FILENAME),
            Loading(arguments=quiet(checked, order.doors)),
        )

    def recount(self, _order: Order, _into: str) -> Facts:
        """Nothing: `redis-check-rdb` reads every key while loading."""
        return Facts()

    def by_hand(self, _settings: Settings, hand: Hand) -> Sequence[Step]:
        """Fetch and check the file, which a stopped server is given."""
        kept = hand.kept(_FILENAME)
        fetch = (f"{hand.dump('dump', _FILENAME)} > {kept}", f"redis-check-rdb {kept}")
        put = message(
            "with the Redis server stopped, put the file as dump.rdb into its data folder, owned by its account; move "
            "an append-only file there away, start the server"
        )
        return (Step(what=message("fetch the data and check it"), commands=fetch), Step(what=put))

    @contextmanager
    def beating(self, order: Order) -> Iterator[Beat]:
        """Write the time under one key, with each beat a connection."""
        settings = Settings.model_validate(order.source.settings)

        def beat() -> None:
            now = order.doors.clock.now().timestamp()
            _asked(settings, order, ("SET", _BEAT_KEY, f"{now:.6f}"))

        yield beat


def _asked(settings: Settings, order: Order, command: Sequence[str]) -> list[str]:
    """Return the lines of an answer; raises ProgramFailed for an error, which redis-cli ends well with."""
    answer = asked(_client(settings, order, command), order.doors).splitlines()
    refused = [line for line in answer if line.startswith(_REFUSALS)]
    if refused:
        raise ProgramFailed(message("Redis refused: {reason}", reason=refused[0]))
    return answer


_REFUSALS = ("ERR ", "NOAUTH ", "NOPERM ", "WRONGPASS ", "LOADING ", "MISCONF ", "AUTH failed")


def _client(settings: Settings, order: Order, command: Sequence[str]) -> Words:
    where = ["-s", settings.server] if settings.server.startswith("/") else []
    where += ["-h", settings.server] if settings.server and not where else []
    where += ["-p", str(settings.port)] if settings.port else []
    where += ["--user", settings.user] if settings.user else []
    where += ["--tls", "--cacert", settings.certificate] if settings.certificate else []
    secrets = {"REDISCLI_AUTH": order.secret} if order.secret else {}
    return Words(arguments=(settings.program("redis-cli"), *where, *command), environment=secrets)


SOURCE = Redis()
