"""From inventory hosts to targets of the SSH door."""

from pathlib import Path

from sec_ops.inventory.targets import targets_of
from sec_ops.model.organisation import Host


def test_a_target_has_all_that_the_inventory_says_of_a_host(tmp_path: Path) -> None:
    reference = {"env": "A"}
    host = Host(
        name="a", address="192.0.2.1", user="u", key_file="~/k", key_passphrase=reference, password={"env": "B"}
    )
    (target,) = targets_of([host], {"a": host}, known_hosts=tmp_path / "known", deadline_seconds=30)
    assert (target.identity_file, target.identity_passphrase, target.password) == (
        Path.home() / "k",
        reference,
        {"env": "B"},
    )
    assert (target.known_hosts, target.deadline_seconds, target.jump) == (tmp_path / "known", 30, None)


def test_jump_hosts_come_nearest_first_with_their_own_users() -> None:
    outer = Host(name="outer", address="192.0.2.1", user="one", port=2222)
    inner = Host(name="inner", address="192.0.2.2", user="two", jump=("outer",))
    far = Host(name="far", address="192.0.2.3", jump=("outer", "inner"))
    (target,) = targets_of(
        [far], {host.name: host for host in (outer, inner, far)}, known_hosts=Path("known"), deadline_seconds=30
    )
    way = target.jump
    assert way is not None
    assert way.jump is not None
    assert [(each.name, each.user, each.port) for each in (target, way, way.jump)] == [
        ("far", "root", 22),
        ("inner", "two", 22),
        ("outer", "one", 2222),
    ]
    assert way.jump.jump is None
