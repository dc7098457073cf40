"""Collections are rare inside, and as they were after it, whatever happened."""

import gc
import subprocess
import sys

import pytest

from sec_ops.runtime.garbage import rare_collections


def test_rare_inside_and_as_before_after() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with rare_collections():
        assert gc.get_threshold()[0] > before[0][0]
        assert gc.get_freeze_count() > before[1]
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
    with pytest.raises(ValueError, match="x"), rare_collections():
        raise ValueError("x")
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_cycles_still_go() -> None:
    class Node:
        other: object = None

    with rare_collections():
        node = Node()
        node.other = node
        del node
        assert gc.collect() >= 1


def test_what_was_made_inside_is_not_looked_through_at_its_end() -> None:
    with rare_collections():
        made = [[number] for number in range(5_000)]
        before = gc.get_stats()[0]["collections"]
    assert (len(made), gc.get_stats()[0]["collections"]) == (5_000, before)


def test_a_process_that_ends_is_not_looked_through() -> None:
    code = (
        "import gc; from sec_ops.runtime.garbage import last_collection; "
        "last_collection(); print(len(gc.get_objects()))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(said) < 100
