"""From inventory hosts to targets of the SSH door."""

from dataclasses import replace
from pathlib import Path

from sec_ops.inventory.targets import backup_target, targets_of
from sec_ops.model.organisation import BackupAccount, Host
from sec_ops.transport.values import Privilege


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


def test_backups_use_an_account_of_their_own_where_there_is_one() -> None:
    reference = {"env": "A"}
    usual = Host(
        name="a",
        address="192.0.2.1",
        user="audit",
        key_file="/k",
        key_passphrase=reference,
        password={"env": "B"},
        privilege="pinned",
        sudo_password={"env": "C"},
    )
    (expected,) = targets_of([usual], {"a": usual}, known_hosts=Path("known"), deadline_seconds=30)
    assert backup_target(usual, {"a": usual}, known_hosts=Path("known"), deadline_seconds=30) == expected
    for key, passphrase in (("", reference), ("/own", None)):
        account = BackupAccount(user="backup", key_file=key, privilege="streamed", sudo_password={"env": "D"})
        host = replace(usual, backup=account)
        target = backup_target(host, {"a": host}, known_hosts=Path("known"), deadline_seconds=30)
        assert (target.user, target.privilege, target.sudo_password) == ("backup", Privilege.STREAMED, {"env": "D"})
        assert (target.identity_file, target.identity_passphrase) == (Path(key or "/k"), passphrase)
        assert target.password is None
