"""Whether anything moved below a part's paths while restic read them: if not, all that it told is there as we see it.

A file with an older ctime than the backup holds the bytes it had when restic read it, *if* its path led to it then.
It did when no folder on the way has a newer ctime: making, renaming and removing an entry sets its folder's, renaming a
folder its own. Above the part's paths much may move that is not of it: there each must be the same before and after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from sec_ops.backup.proving.batches import answers_of, question
from sec_ops.backup.proving.digests import Entry
from sec_ops.transport.dialogue import Dialogue

__all__ = ["Stillness"]

_AT_ONCE = 100
_FOLDER = "dir"


@dataclass(slots=True)
class Stillness:
    """What was seen of folders, and in them of what is neither file nor folder: `entries`.

    `roots` are the part's paths. `whole` is false when something could not be seen, or moved above the roots.
    """

    roots: Sequence[str]
    whole: bool = False
    newest_ns: int = 0
    entries: list[Entry] = field(default_factory=list)
    _before: list[list[Any]] = field(default_factory=list)

    def begin(self, spoken: Dialogue) -> None:
        """See where the paths above the roots lead, before restic goes there."""
        self._before = _asked(spoken, self._above(), "place")

    @property
    def only_folders(self) -> bool:
        """Return whether there is nothing but files and folders."""
        return all(each.path.endswith("/") for each in self.entries)

    def end(self, spoken: Dialogue, told: Iterable[str]) -> None:
        """See the folders restic told of, after all files were hashed."""
        above = self._above()
        self.whole = all(self._before) and _asked(spoken, above, "place") == self._before
        rights = {path: answer[2:] for path, answer in zip(above, self._before, strict=True)}
        folders = (each for each in told if each.endswith("/"))
        while self.whole and (some := list(islice(folders, _AT_ONCE))):
            self.entries += [_entry(each, _FOLDER, None, *rights[each]) for each in some if each in rights]
            below = [each for each in some if each not in rights]
            for folder, answer in zip(below, _asked(spoken, below, "folder"), strict=True):
                self._see(folder, answer)

    def _see(self, folder: str, answer: Sequence[Any]) -> None:
        if not answer:
            self.whole = False
            return
        changed, mode, user, group, *others = answer
        self.newest_ns = max(self.newest_ns, changed)
        self.entries.append(_entry(folder, _FOLDER, None, mode, user, group))
        self.entries += [_entry(folder + name, *about) for name, *about in others]

    def _above(self) -> list[str]:
        """Return the folders above the roots, save those that are below another root."""
        roots = {PurePosixPath(each) for each in self.roots}
        above = {folder for root in roots for folder in root.parents if not {folder, *folder.parents} & roots}
        return sorted(f"{str(each).rstrip('/')}/" for each in above)


def _entry(path: str, kind: str, digest: str | None, mode: int, user: int, group: int) -> Entry:
    return Entry(path, kind, digest, (mode, user, group))


def _asked(spoken: Dialogue, paths: Sequence[str], kind: str) -> list[list[Any]]:
    """Return what the hasher says of each path."""
    spoken.say("".join(question(each, kind) for each in paths) + "\n")
    return [answer for _number, *answer in answers_of(spoken.hear("."))]
