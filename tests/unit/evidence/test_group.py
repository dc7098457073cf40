"""Group commit: batches form, errors and interruptions reach everyone whose entries were in the batch."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from sec_ops.evidence.group import GroupCommit


class Slow:
    """A commit that waits until it may go on."""

    def __init__(self, *outcomes: BaseException | None) -> None:
        self.batches: list[int] = []
        self.entered, self.go = threading.Event(), threading.Event()
        self._outcomes = list(outcomes)

    def __call__(self, drafts: Sequence[Any]) -> list[int]:
        first = sum(self.batches)
        self.entered.set()
        self.go.wait(10)
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if outcome:
            raise outcome
        self.batches.append(len(drafts))
        return list(range(first, first + len(drafts)))


def submit_all(group: GroupCommit, slow: Slow, count: int) -> list[Any]:
    """Let one caller commit and the rest gather behind it; return what each got."""
    results: list[Any] = []

    def work(size: int) -> None:
        try:
            results.append(group.submit(["draft"] * size))
        except BaseException as error:  # noqa: BLE001 - looked at below
            results.append(error)

    threads = [threading.Thread(target=work, args=(1,))]
    threads[0].start()
    slow.entered.wait(10)
    threads += [threading.Thread(target=work, args=(2,)) for _ in range(count)]
    for thread in threads[1:]:
        thread.start()
    while len(group._waiting) < count:
        pass
    slow.go.set()
    for thread in threads:
        thread.join(10)
    return results


def test_those_who_wait_share_one_batch() -> None:
    slow = Slow()
    results = submit_all(GroupCommit(slow), slow, 5)
    assert slow.batches == [1, 10]
    assert sorted(number for result in results for number in result) == list(range(11))


@pytest.mark.parametrize("error", [OSError("disk"), KeyboardInterrupt()])
def test_everyone_of_a_batch_learns_what_went_wrong(error: BaseException) -> None:
    slow = Slow(None, error)
    group = GroupCommit(slow)
    results = submit_all(group, slow, 4)
    assert [result for result in results if result is error] == [error] * 4
    assert group.submit(["draft"]) == [1]
