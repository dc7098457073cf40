"""`sql`: one value that a query gives, read-only, from a restored PostgreSQL, MariaDB or SQLite."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from sec_ops.drill.check import Answering, Check, Checked, CheckPlace, cut, failed, late, passed
from sec_ops.drill.sandbox.layout import PYTHON
from sec_ops.drill.sandbox.speaking import Ended
from sec_ops.drill.service import Lacking, found
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, RuleBroken, Value

__all__ = ["CHECK"]

_ANSWER_BYTES = 1024 * 1024
_READS = re.compile(r"(?:select|with|values|table|show)\b[^;]*;?\s*", re.IGNORECASE | re.DOTALL)
_NULL = "NULL"


def _query(text: str) -> str:
    if not _READS.fullmatch(text):
        raise RuleBroken(message("a check asks one question: SELECT, WITH, VALUES, TABLE or SHOW, without a semicolon"))
    return text.rstrip().rstrip(";")


class Settings(Value):
    """The database, one question, and what its one value must be: a text, or a number within bounds."""

    database: NonEmpty
    query: Annotated[NonEmpty, AfterValidator(_query)]
    equals: str | None = None
    at_least: Decimal | None = None
    at_most: Decimal | None = None

    @model_validator(mode="after")
    def _expects(self) -> Self:
        if self.equals is None and self.at_least is None and self.at_most is None:
            raise RuleBroken(message("says nothing that is expected: equals, at_least or at_most"))
        return self

    @property
    def expected(self) -> str:
        """Return what is expected, as it is shown."""
        signs = (("=", self.equals), ("≥", self.at_least), ("≤", self.at_most))
        return ", ".join(f"{sign} {value}" for sign, value in signs if value is not None)

    def holds(self, value: str) -> bool:
        """Return whether a value is what is expected; a bound is kept by numbers only."""
        if self.equals is not None and value != self.equals:
            return False
        if self.at_least is None and self.at_most is None:
            return True
        try:
            number = Decimal(value)
        except InvalidOperation:
            return False
        if not number.is_finite():
            return False
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """A question to a database."""

    settings: type[Settings] = Settings
    asks: Sequence[str] = ("postgresql", "mariadb", "sqlite")

    def lacking(self) -> Sequence[Lacking]:
        """Nothing beyond what the service needs: its client comes with it."""
        return ()

    def run(self, place: CheckPlace) -> Checked:
        """Ask, and compare the one value."""
        settings = Settings.model_validate(place.settings)
        kind = place.asked().kind
        ended = _ASK[kind](place, place.asked(), settings)
        if ended.expired:
            return late(settings.expected, place.seconds)
        if ended.exit_code != 0 or ended.flooded:
            what = message("the database gave no answer to the question")
            return failed(settings.expected, "", what, why=ended.stderr or ended.stdout)
        rows = _ROWS[kind](ended.stdout)
        return _judged(settings, rows)


def _judged(settings: Settings, rows: Sequence[Sequence[str]]) -> Checked:
    if len(rows) != 1 or len(rows[0]) != 1:
        shown = f"{len(rows)} × {len(rows[0]) if rows else 0}"
        what = message("the answer is not one value but rows × columns: {count}", count=shown)
        return failed(settings.expected, shown, what)
    value = rows[0][0]
    if settings.holds(value):
        return passed(settings.expected, value)
    return failed(settings.expected, value, message("the value is not what is expected: {found}", found=cut(value)))


def _ask_postgresql(place: CheckPlace, asked: Answering, settings: Settings) -> Ended:
    client = asked.standing.client
    words = [f"{client['programs']}/psql" if client.get("programs") else found("psql", "")[0]]
    words += ["-Xqt", "--csv", "-P", f"null={_NULL}", "-h", str(client["server"]), "-p", str(client["port"])]
    words += ["-U", str(client["user"]), "-d", _plain(settings.database), "-c", settings.query]
    options = f"-c default_transaction_read_only=on -c statement_timeout={round(place.seconds * 1000)}"
    environment = {"PGOPTIONS": options, "PGCLIENTENCODING": "UTF8", "PGCONNECT_TIMEOUT": "10"}
    return place.sandbox.run(
        words,
        seconds=place.seconds,
        environment=environment,
        kept_bytes=_ANSWER_BYTES,
        most_bytes=_ANSWER_BYTES,
    )


def _plain(database: str) -> str:
    """Return the name as a connection string, as a bare name with a `=` in it would be read as one."""
    quoted = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{quoted}'"


def _ask_mariadb(place: CheckPlace, asked: Answering, settings: Settings) -> Ended:
    client = asked.standing.client
    start = f"SET max_statement_time = {place.seconds:g}, tx_read_only = ON"
    words = ["mariadb", "--no-defaults", f"--socket={client['server']}", f"--user={client['user']}", "--batch"]
    words += ["--skip-column-names", "--binary-mode", "--default-character-set=utf8mb4", f"--init-command={start}"]
    return place.sandbox.run(
        [*words, f"--database={settings.database}", f"--execute={settings.query}"],
        seconds=place.seconds,
        kept_bytes=_ANSWER_BYTES,
        most_bytes=_ANSWER_BYTES,
    )


_SQLITE = """import csv, sqlite3, sys, time
database = sqlite3.connect(f"file:{sys.argv[1]}?mode=rw", uri=True)
database.execute("PRAGMA query_only = ON")
end = time.monotonic() + float(sys.argv[3])
database.set_progress_handler(lambda: time.monotonic() > end, 10_000)
out = csv.writer(sys.stdout, lineterminator="\\n")
for row in database.execute(sys.argv[2]):
    out.writerow(["NULL" if each is None else each for each in row])
"""


def _ask_sqlite(place: CheckPlace, asked: Answering, settings: Settings) -> Ended:
    """Ask the file itself; there is one database in it, whatever the settings call it."""
    path = str(asked.standing.client["path"])
    words = [PYTHON, "-I", "-c", _SQLITE, path, settings.query, f"{place.seconds:g}"]
    return place.sandbox.run(words, seconds=place.seconds, kept_bytes=_ANSWER_BYTES, most_bytes=_ANSWER_BYTES)


def _separated(text: str) -> list[list[str]]:
    csv.field_size_limit(_ANSWER_BYTES)
    return list(csv.reader(io.StringIO(text, newline="")))


def _tabbed(text: str) -> list[list[str]]:
    r"""Return rows as the client's batch mode spells them: `\n`, `\t`, `\\` and `\0` escaped."""
    return [[_unescaped(cell) for cell in line.split("\t")] for line in text.split("\n")[:-1]]


_ESCAPES = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def _unescaped(cell: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), cell)


_ASK = {"postgresql": _ask_postgresql, "mariadb": _ask_mariadb, "sqlite": _ask_sqlite}
_ROWS = {"postgresql": _separated, "mariadb": _tabbed, "sqlite": _separated}

CHECK: Check = Sql()
