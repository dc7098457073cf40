"""Jump hosts of the inventory: our own variable, what Ansible users have, and every way to get it wrong."""

from typing import Any

import pytest

from sec_ops.inventory.hosts import Hosts, read_hosts

BASTION = {"ansible_host": "192.0.2.1", "ansible_user": "gate", "ansible_port": 2222}
SIX = {"ansible_host": "2001:db8::1", "ansible_user": "gate"}


def _read(**hosts: dict[str, Any]) -> Hosts:
    names = {name.replace("_", "-"): variables for name, variables in hosts.items()}
    listing = {"_meta": {"hostvars": names}, "all": {"hosts": list(names)}}
    return read_hosts(listing, lambda host, variable: (f"{host}.yml", len(variable)))


@pytest.mark.parametrize(
    ("variable", "value", "way"),
    [
        ("sec_ops_jump", "bastion", ("bastion",)),
        ("sec_ops_jump", ["bastion", "six"], ("bastion", "six")),
        ("ansible_ssh_common_args", "-J bastion", ("bastion",)),
        ("ansible_ssh_common_args", "-Jbastion -o ConnectTimeout=5", ("bastion",)),
        ("ansible_ssh_common_args", "-o ProxyJump=gate@192.0.2.1:2222", ("bastion",)),
        ("ansible_ssh_extra_args", '-o "ProxyJump gate@bastion"', ("bastion",)),
        ("ansible_ssh_args", "-oproxyjump=ssh://gate@[2001:db8::1]:22,bastion", ("six", "bastion")),
        ("ansible_ssh_common_args", "-o ProxyJump=none", ()),
        ("ansible_ssh_common_args", "-o ControlMaster=auto", ()),
        ("ansible_ssh_common_args", "-o 'unclosed", ()),
    ],
)
def test_the_way_to_a_host(variable: str, value: object, way: tuple[str, ...]) -> None:
    found = _read(bastion=BASTION, six=SIX, web={variable: value})
    assert (found.faults, found.hosts["web"].jump) == ((), way)


def test_a_jump_host_behind_another_brings_its_own_way() -> None:
    found = _read(
        outer={}, inner={"sec_ops_jump": "outer"}, web={"sec_ops_jump": "inner"}, db={"sec_ops_jump": ["inner", "web"]}
    )
    assert found.faults == ()
    assert found.hosts["web"].jump == ("outer", "inner")
    assert found.hosts["db"].jump == ("outer", "inner", "web")


def test_our_own_variable_wins_over_the_arguments() -> None:
    arguments = {"ansible_ssh_common_args": "-o ProxyCommand='ssh -W %h:%p elsewhere'", "sec_ops_jump": "bastion"}
    found = _read(bastion=BASTION, web=arguments)
    assert (found.faults, found.hosts["web"].jump) == ((), ("bastion",))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("sec_ops_jump", "bastoin", "no host is called bastoin"),
        ("sec_ops_jump", 7, "wants the name of a host"),
        ("sec_ops_jump", ["bastion", ""], "wants the name of a host"),
        ("ansible_ssh_common_args", "-J elsewhere", "is no host of the inventory"),
        ("ansible_ssh_common_args", "-J other@bastion:2222", "differ from its own entry"),
        ("ansible_ssh_common_args", "-J gate@bastion:22", "differ from its own entry"),
        ("ansible_ssh_common_args", "-o ProxyCommand='ssh -W %h:%p bastion'", "ProxyCommand is not followed"),
        ("sec_ops_jump", "web", "runs in a circle"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(variable: str, value: object, said: str) -> None:
    found = _read(bastion=BASTION, web={variable: value})
    (fault,) = found.faults
    assert said in str(fault.message)
    assert (fault.file, fault.line, fault.path) == ("web.yml", len(variable), f"web.{variable}")


def test_a_circle_of_two_is_a_fault_of_both_and_leads_nowhere() -> None:
    found = _read(a={"sec_ops_jump": "b"}, b={"sec_ops_jump": "a"}, c={"sec_ops_jump": "a"})
    assert {fault.path for fault in found.faults} >= {"a.sec_ops_jump", "b.sec_ops_jump"}
    assert found.hosts["a"].jump == found.hosts["b"].jump == ()


def test_a_way_of_too_many_hops_is_a_fault() -> None:
    chain = {f"h{number}": {"sec_ops_jump": f"h{number - 1}"} if number else {} for number in range(12)}
    assert any("more than 8 jump hosts" in str(fault.message) for fault in _read(**chain).faults)
