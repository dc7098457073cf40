"""Programs asked on the way: their answer, or the error with what they said."""

from collections.abc import Collection

from sec_ops.backup.dumping.tapping import Words, quiet, tapped
from sec_ops.backup.source import Doors, Report
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import Secret, redact

__all__ = ["asked"]

_SHOWN = 2000


def asked(
    words: Words,
    doors: Doors,
    *,
    stdin: bytes = b"",
    hidden: Collection[Secret] = (),
    report: Report | None = None,
    deadline_seconds: float = 120,
) -> str:
    """Return what a program printed; `report` is told of its output, `hidden` are the secrets `stdin` holds.

    Raises ProgramFailed with what it complained of, and ProgramMissing.
    """
    arguments = tapped(words, doors, report) if report else quiet(words, doors)
    done = doors.run(arguments, stdin=stdin, deadline_seconds=deadline_seconds)
    if done.exit_code != 0:
        secrets = [*words.environment.values(), *words.files.values(), *hidden]
        said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
        what = message("{program} ended with exit code {code}", program=words.arguments[0], code=done.exit_code)
        raise ProgramFailed(what, why=redact(said, secrets)[-_SHOWN:])
    return done.stdout.decode(errors="replace")
