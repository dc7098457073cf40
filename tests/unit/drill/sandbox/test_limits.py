"""Control groups: made where there are some, gone afterwards, never in the way."""

from pathlib import Path

from sec_ops.drill.sandbox.limits import Limits, limited, remove_groups


def test_one_hierarchy(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    with limited(Limits(memory_bytes=5, processes=7), "x", root=tmp_path) as group:
        (folder,) = group.folders
        assert folder.parent == tmp_path
        assert (folder / "memory.max").read_text() == "5"
        assert (folder / "pids.max").read_text() == "7"
        assert group.whole
        for each in folder.iterdir():
            each.unlink()
    assert not folder.exists()


def test_two_hierarchies_of_which_one_is_missing(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    with limited(Limits(), "x", root=tmp_path) as group:
        assert [each.parent.name for each in group.folders] == ["memory"]
        assert not group.whole


def test_none_at_all_is_said(tmp_path: Path) -> None:
    with limited(Limits(), "x", root=tmp_path / "none") as group:
        assert (group.folders, group.whole) == ([], False)


def test_groups_of_a_killed_drill_are_removed_and_no_others(tmp_path: Path) -> None:
    for place in ("memory/sec-ops-dead", "memory/sec-ops-alive", "pids/sec-ops-dead"):
        (tmp_path / place).mkdir(parents=True)
    remove_groups("dead", root=tmp_path)
    remove_groups("dead", root=tmp_path)
    assert sorted(each.name for each in tmp_path.glob("*/*")) == ["sec-ops-alive"]
