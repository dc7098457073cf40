"""`ldap`: entries that a restored directory gives, asked for without a name or bound as a person of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from sec_ops.drill.check import Check, Checked, CheckPlace, SandboxSecret, cut, failed, late, passed
from sec_ops.drill.service import Lacking, found
from sec_ops.model.messages import message
from sec_ops.model.values import NonEmpty, RuleBroken, Value

__all__ = ["CHECK"]

_PACKAGE = "ldap-utils"
_ANSWER_BYTES = 256 * 1024 * 1024
_COUNT = re.compile(r"^# numEntries: (\d+)$", re.MULTILINE)
_BOUND = """\
umask 077; kept=/run/password-$$; cat >"$kept"; ldapsearch -y "$kept" "$@"; code=$?; rm -f "$kept"; exit "$code"
"""


class Settings(Value):
    """What is searched, how many entries must be found, and who asks: `bind` with its `secret`, or nobody."""

    base: NonEmpty
    filter: NonEmpty = "(objectClass=*)"
    scope: Literal["base", "one", "sub"] = "sub"
    at_least: int = Field(default=1, ge=0)
    at_most: int | None = Field(default=None, ge=0)
    bind: str = Field(default="", description="distinguished name that binds, of an account for drills")
    secret: SandboxSecret | None = Field(default=None, description="reference to its password")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.bind) != (self.secret is not None):
            raise RuleBroken(message("bind and secret come together"))
        if self.at_least == 0 and self.at_most is None:
            raise RuleBroken(message("any number of entries would do: at_least or at_most"))
        return self

    @property
    def expected(self) -> str:
        """Return what is expected, as it is shown."""
        bounds = f"≥ {self.at_least}" + (f", ≤ {self.at_most}" if self.at_most is not None else "")
        return f"{self.bind}: {bounds}" if self.bind else bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Ldap:
    """A question to a directory."""

    settings: type[Settings] = Settings
    asks: Sequence[str] = ("openldap",)

    def lacking(self) -> Sequence[Lacking]:
        """Return what is missing."""
        return found("ldapsearch", _PACKAGE)[1]

    def run(self, place: CheckPlace) -> Checked:
        """Search, and count what was found."""
        settings = Settings.model_validate(place.settings)
        password = place.secret(settings.secret) if settings.secret else None
        ended = place.sandbox.run(
            _words(place.asked().port, settings),
            seconds=place.seconds,
            given=password,
            environment={"LDAPNOINIT": "1"},
            most_bytes=_ANSWER_BYTES,
        )
        if ended.expired:
            return late(settings.expected, place.seconds)
        counts = _COUNT.findall(ended.stdout)
        if ended.exit_code != 0 or ended.flooded:
            code = message("the directory refused the question (exit code {code})", code=ended.exit_code)
            what = message("the directory refused the question") if ended.stderr else code
            return failed(settings.expected, "", what, why=ended.stderr)
        return _judged(settings, int(counts[-1]) if counts else 0)


def _judged(settings: Settings, count: int) -> Checked:
    if count < settings.at_least or (settings.at_most is not None and count > settings.at_most):
        what = message("the directory gave {count} entries of {base}", count=count, base=cut(settings.base))
        return failed(settings.expected, str(count), what)
    return passed(settings.expected, f"{settings.bind}: {count}" if settings.bind else str(count))


def _words(port: int, settings: Settings) -> list[str]:
    words = ["-x", "-H", f"ldap://127.0.0.1:{port}/", "-b", settings.base, "-s", settings.scope]
    if settings.bind:
        # The password reaches the client by a file that only this sandbox sees; arguments are seen by all in it.
        return ["sh", "-c", _BOUND, "sh", *words, "-D", settings.bind, settings.filter, "1.1"]
    return [found("ldapsearch", "")[0], *words, settings.filter, "1.1"]


CHECK: Check = Ldap()
