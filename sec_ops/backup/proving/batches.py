"""What one thread takes as it comes and another asks for in batches."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import resources
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, Generic, TypeVar

import orjson

__all__ = ["Batches", "answers_of", "hasher_words", "question"]

_Item = TypeVar("_Item")
_FILES = 250
_CHARACTERS = 24_000
_WAITING = 100_000
_PAUSE_SECONDS = 0.01
_GATHERING_SECONDS = 0.2


class Batches(Generic[_Item]):
    """Items in the order they came, in batches that a pipe holds; `characters` tells how long an item is in it."""

    def __init__(self, characters: Callable[[_Item], int]) -> None:
        self._characters = characters
        self._waiting: SimpleQueue[_Item | None] = SimpleQueue()
        self._ended = Event()
        self.given_up = False

    def put(self, item: _Item) -> None:
        """Take an item; wait while very many do, unless nobody asks any more."""
        self._waiting.put(item)
        while self._waiting.qsize() > _WAITING and not self.given_up:
            time.sleep(_PAUSE_SECONDS)

    def end(self) -> None:
        """Tell that no more comes."""
        self._waiting.put(None)
        self._ended.set()

    def drop(self) -> None:
        """Forget what waits."""
        with suppress(Empty):
            while True:
                self._waiting.get_nowait()

    def __iter__(self) -> Iterator[list[_Item]]:
        """Return batches until the end was told; few items at a time are left to gather for a moment."""
        while (first := self._waiting.get()) is not None:
            if self._waiting.qsize() < _FILES:
                self._ended.wait(_GATHERING_SECONDS)
            batch, room = [first], _CHARACTERS - self._characters(first)
            ended = False
            while room > 0 and len(batch) < _FILES and not self._waiting.empty():
                item = self._waiting.get()
                if item is None:
                    ended = True
                    break
                batch.append(item)
                room -= self._characters(item)
            yield batch
            if ended:
                return


def question(path: str, asked: Sequence[int] | str | None) -> str:
    """Return a question to the hasher."""
    return orjson.dumps([path, asked], option=orjson.OPT_APPEND_NEWLINE).decode()


def answers_of(lines: Sequence[str]) -> list[list[Any]]:
    """Return the hasher's answers."""
    return list(orjson.loads(f"[{','.join(lines)}]"))


def hasher_words(python: str, launcher: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the command of the hasher, for where the files lie; in a launcher's view of them they stand still."""
    script = resources.files("sec_ops.backup.proving").joinpath("hasher.py").read_text("utf-8")
    return (*launcher, python, "-I", "-c", script, *(("still",) if launcher else ()))
