"""Programs asked on the way: their answer, or the error with what they said."""

from sec_ops.backup.dumping.tapping import Words, quiet
from sec_ops.backup.source import Doors
from sec_ops.model.errors import ProgramFailed
from sec_ops.model.messages import message
from sec_ops.runtime.secrets import redact

__all__ = ["asked"]

_SHOWN = 2000


def asked(words: Words, doors: Doors, *, stdin: bytes = b"", deadline_seconds: float = 120) -> str:
    """Return what a program printed; raises ProgramFailed with what it complained of, and ProgramMissing."""
    done = doors.run(quiet(words, doors), stdin=stdin, deadline_seconds=deadline_seconds)
    if done.exit_code != 0:
        secrets = [*words.environment.values(), *words.files.values()]
        said = (done.stderr.strip() or done.stdout.strip())[-_SHOWN:].decode(errors="replace")
        what = message("{program} ended with exit code {code}", program=words.arguments[0], code=done.exit_code)
        raise ProgramFailed(what, why=redact(said, secrets))
    return done.stdout.decode(errors="replace")
