"""Restoring by hand: what a person types into bash when nothing but restic and the data's own clients is left.

A line is printed and typed again, so it holds no character that can't be seen. The variables that a page sets before
are TO, the folder everything is restored below, and RUN, the run that was chosen.
"""

import re
import shlex
from dataclasses import dataclass

from sec_ops.model.messages import Message

__all__ = ["INTO", "Hand", "Step", "below", "word"]

INTO = '"$TO"'
"""The folder everything is restored below, as a word of bash."""

_UNSEEN = re.compile(r"[^\x20-\x7e\u3001-\u9fff\uff01-\uffef]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a person does, and the lines that do it."""

    what: Message
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """The parts of one source in a run that was chosen, as restic's command line names them."""

    system: str
    source: str

    def dump(self, part: str, filename: str, *, run: str = "RUN") -> str:
        """Return the command that writes a stream to stdout; `run` is the variable that holds its run."""
        return f"restic dump latest --tag {self._tags(part, run)} {word(f'/{filename}')}"

    def restore(self, part: str) -> str:
        """Return the command that brings files back, below the folder of everything that is restored."""
        return f"restic restore latest --tag {self._tags(part, 'RUN')} --target {INTO}"

    def runs(self, part: str) -> str:
        """Return the command that lists the runs which have the part."""
        return f"restic snapshots --tag {word(f'system:{self.system},source:{self.source},part:{part}')}"

    def kept(self, name: str) -> str:
        """Return a path for a file of this source, below the folder of everything that is restored."""
        return f"{INTO}/{word(f'{self.system}.{self.source}.{name}')}"

    def _tags(self, part: str, run: str) -> str:
        # One run saved one snapshot of a part, so the latest with these tags is the only one.
        return f'"run:${run},source:{self.source},part:{part}"'


def below(path: str) -> str:
    """Return where an absolute path comes back to."""
    return f"{INTO}{word(path)}"


def word(text: str) -> str:
    """Return `text` as one word of bash, spelled with characters that can be seen and typed."""
    if not _UNSEEN.search(text):
        return shlex.quote(text)
    spelled = "".join(_spelled(each) for each in text)
    return f"$'{spelled}'"


def _spelled(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if not _UNSEEN.match(character):
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
