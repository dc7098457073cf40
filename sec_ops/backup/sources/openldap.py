"""`openldap`: one suffix of a directory as LDIF by `slapcat`, run on the host as a user that may read its files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydantic import Field

from sec_ops.backup.by_hand import Hand, Step, word
from sec_ops.backup.dumping.asking import asked
from sec_ops.backup.dumping.dumped import dumping
from sec_ops.backup.dumping.tapping import Told, Words, quiet, told
from sec_ops.backup.source import Capture, Facts, Loading, Order
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["SOURCE"]

_FILENAME = "directory.ldif"


class Settings(Value):
    """A suffix, and where the server's configuration lies."""

    suffix: NonEmpty = Field(description="such as dc=edu,dc=example; cn=config saves the configuration itself")
    configuration: NonEmpty = "/etc/ldap/slapd.d"


class Directory:
    """A suffix of OpenLDAP."""

    verified = True
    settings = Settings

    @contextmanager
    def open(self, order: Order) -> Iterator[Capture]:
        """Name the dump: `slapcat` reads within one transaction of the database (LMDB), the server going on."""
        settings = Settings.model_validate(order.source.settings)
        taken_at = order.doors.clock.now()

        def add(told: Told) -> Facts:
            return Facts(taken_at=taken_at, tables=told.tables, dumped=(told.dumped,))

        words = _slapcat(settings.configuration, settings.suffix)
        with dumping(order, words, _FILENAME, add=add) as capture:
            yield capture

    def loading(self, order: Order, into: str) -> Sequence[Loading]:
        """Load into the configuration folder `into`, whose server does not run."""
        settings = Settings.model_validate(order.source.settings)
        words = Words(arguments=("slapadd", "-q", "-F", into, "-b", settings.suffix))
        return (Loading(arguments=quiet(words, order.doors), reads=_FILENAME),)

    def recount(self, order: Order, into: str) -> Facts:
        """Count the entries behind the configuration folder `into`."""
        settings = Settings.model_validate(order.source.settings)
        words = _slapcat(into, settings.suffix)
        with order.doors.report() as report:
            asked(words, order.doors, report=report, deadline_seconds=order.deadline_seconds)
            return Facts(tables=told(report, _FILENAME).tables)

    def by_hand(self, settings: Settings, hand: Hand) -> Sequence[Step]:
        """Load the suffix into a server that does not run."""
        where = ("-n", "0") if settings.suffix == "cn=config" else ("-b", settings.suffix)
        words = " ".join(word(each) for each in ("slapadd", "-q", "-F", settings.configuration, *where))
        stop = message("with slapd stopped and the database of {suffix} empty", suffix=settings.suffix)
        own = message("give the files slapadd made to the account of slapd, then start it")
        return (Step(what=stop, commands=(f"{hand.dump('dump', _FILENAME)} | {words}",)), Step(what=own))


def _slapcat(configuration: str, suffix: str) -> Words:
    # -o ldif-wrap=no would change nothing that counts: a folded line never begins with dn:.
    return Words(arguments=("slapcat", "-F", configuration, "-b", suffix), count="ldif")


SOURCE = Directory()
