"""Symbolic links where they lie: restic's listing doesn't say where they lead, so it is read there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from sec_ops.backup.proving.batches import answers_of, hasher_words, question
from sec_ops.backup.proving.digests import Hashed, hashed
from sec_ops.backup.source import Doors
from sec_ops.transport.dialogue import Dialogue

__all__ = ["AskLinks", "asking_links"]

AskLinks = Callable[[Sequence[str]], Sequence[Sequence[Hashed]]]
"""Return, for each path as restic shows it, the links it may be: one, unless names differ in bytes nobody can show."""


@contextmanager
def asking_links(doors: Doors, launcher: Sequence[str], *, deadline_seconds: float) -> Iterator[AskLinks]:
    """Give what asks; the program there is started when the first link is met. Asking raises EngineError."""
    with ExitStack() as stack:
        started: list[Dialogue] = []

        def ask(paths: Sequence[str]) -> list[list[Hashed]]:
            if not started:
                words = hasher_words(doors.python, launcher)
                started.append(stack.enter_context(doors.talk(words, deadline_seconds=deadline_seconds)))
            return _asked(started[0], paths)

        yield ask


def _asked(spoken: Dialogue, paths: Sequence[str]) -> list[list[Hashed]]:
    spoken.say("".join(question(path, None) for path in paths) + "\n")
    found: list[list[Hashed]] = [[] for _ in paths]
    for number, *told in answers_of(spoken.hear(".")):
        found[number].append(hashed(told))
    return found
