"""From Ansible's listing to hosts: addresses, secrets by reference, every fault named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.inventory.hosts import INLINE_SECRETS, read_hosts
from sec_ops.model.organisation import BackupAccount


def _locate(_host: str, _variable: str) -> tuple[str, int]:
    return "hosts.yml", 7


def _listing(variables: dict[str, Any], name: str = "web-1") -> dict[str, Any]:
    return {"_meta": {"hostvars": {name: variables}}, "all": {"children": ["web"]}, "web": {"hosts": [name]}}


def test_a_whole_host() -> None:
    variables = {
        "ansible_host": "2001:db8::51",
        "ansible_port": 2222,
        "ansible_user": "secops",
        "ansible_ssh_private_key_file": "~/.ssh/key",
        "sec_ops_privilege": "streamed",
        "sec_ops_password": {"env": "PASSWORD"},
        "sec_ops_sudo_password": {"file": "/etc/secret"},
        "sec_ops_key_passphrase": {"systemd_credential": "pass"},
        "sec_ops_unit": "school-1",
    }
    found = read_hosts(_listing(variables), _locate)
    assert found.faults == ()
    host = found.hosts["web-1"]
    assert (host.address, host.port, host.user, host.key_file) == ("2001:db8::51", 2222, "secops", "~/.ssh/key")
    assert (host.privilege, host.password, host.sudo_password) == (
        "streamed",
        {"env": "PASSWORD"},
        {"file": "/etc/secret"},
    )
    assert (host.key_passphrase, host.unit, host.groups) == ({"systemd_credential": "pass"}, "school-1", ("all", "web"))


def test_defaults() -> None:
    host = read_hosts(_listing({}), _locate).hosts["web-1"]
    assert (host.address, host.port, host.user, host.privilege, host.password) == ("web-1", 22, "", "user", None)


def test_text_ansible_marked_unsafe_is_text() -> None:
    host = read_hosts(_listing({"ansible_user": {"__ansible_unsafe": "bob"}}), _locate).hosts["web-1"]
    assert host.user == "bob"


@pytest.mark.parametrize("variable", sorted(INLINE_SECRETS))
def test_inline_secrets_are_refused_and_not_kept(variable: str) -> None:
    found = read_hosts(_listing({variable: "hunter2"}), _locate)
    assert [(fault.path, fault.line) for fault in found.faults] == [(f"web-1.{variable}", 7)]
    assert "hunter2" not in repr(found)


def test_an_account_for_backups() -> None:
    given = {"user": {"__ansible_unsafe": "backup"}, "privilege": "streamed", "sudo_password": {"env": "WORD"}}
    found = read_hosts(_listing({"sec_ops_privilege": "pinned", "sec_ops_backup": given}), _locate)
    assert found.faults == ()
    assert found.hosts["web-1"].backup == BackupAccount(
        user="backup", privilege="streamed", sudo_password={"env": "WORD"}
    )


WRONG = [
    *(
        ({"sec_ops_backup": wrong}, "wants user, and may have key_file")
        for wrong in (
            "backup",
            {},
            {"user": ""},
            {"user": 5},
            {"user": "b", "privilege": "pinned"},
            {"user": "b", "privilege": ["root"]},
            {"user": "b", "key": "k"},
            {"user": "b", "sudo_password": "hunter2"},
        )
    ),
    ({"ansible_port": 0}, "a port is a number from 1 to 65535"),
    ({"ansible_port": "22x"}, "a port is a number from 1 to 65535"),
    ({"ansible_port": True}, "a port is a number from 1 to 65535"),
    ({"ansible_port": 65536}, "a port is a number from 1 to 65535"),
    ({"ansible_host": "-oProxyCommand=x"}, "not a host name"),
    ({"ansible_host": "a b"}, "not a host name"),
    ({"ansible_host": "300.1.1.1"}, "not a host name"),
    ({"ansible_host": "2001:db8:::1"}, "not a host name"),
    ({"ansible_user": "{{ lookup('pipe', 'id') }}"}, "templates are not evaluated here"),
    ({"ansible_user": 5}, "wants text"),
    ({"sec_ops_privilege": "sudo"}, "wants one of user, root, streamed, pinned"),
    ({"sec_ops_privilege": ["root"]}, "wants one of"),
    ({"sec_ops_privelege": "root"}, "unknown variable"),
    ({"sec_ops_password": "hunter2"}, "a secret is named by exactly one of"),
    ({"sec_ops_password": {"file": "/a", "env": "B"}}, "a secret is named by exactly one of"),
    ({"sec_ops_password": {"vault": "/a"}}, "a secret is named by exactly one of"),
    ({"sec_ops_password": {"file": " "}}, "a secret is named by exactly one of"),
]


@pytest.mark.parametrize(("variables", "reason"), WRONG)
def test_faults(variables: dict[str, Any], reason: str) -> None:
    (fault,) = read_hosts(_listing(variables), _locate).faults
    assert reason in str(fault.message)


def test_all_faults_of_all_hosts_at_once() -> None:
    variables = {"ansible_port": 0, "ansible_password": "x"}
    listing = {"_meta": {"hostvars": {"a": variables, "b": variables}}, "all": {"hosts": ["a", "b"]}}
    found = read_hosts(listing, lambda host, _variable: ("hosts.yml", ord(host))).faults
    assert [fault.path for fault in found] == [
        "a.ansible_password",
        "a.ansible_port",
        "b.ansible_password",
        "b.ansible_port",
    ]


def test_a_groups_variable_is_told_once() -> None:
    listing = {
        "_meta": {"hostvars": {"a": {"ansible_port": 0}, "b": {"ansible_port": 0}}},
        "all": {"hosts": ["a", "b"]},
    }
    assert [fault.path for fault in read_hosts(listing, _locate).faults] == ["ansible_port"]


def test_groups_hold_their_childrens_hosts_and_circles_end() -> None:
    listing = {
        "_meta": {"hostvars": {}},
        "all": {"children": ["one", "two"]},
        "one": {"hosts": ["a"], "children": ["two"]},
        "two": {"hosts": ["b"], "children": ["one"]},
    }
    groups = read_hosts(listing, _locate).groups
    assert groups == {"all": ("a", "b"), "one": ("a", "b"), "two": ("b", "a")}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)
NAMES = st.sampled_from(["ansible_host", "ansible_port", "ansible_user", "sec_ops_password", "sec_ops_privilege", "x"])


@given(st.dictionaries(NAMES, VALUES))
def test_no_variables_break_the_reader(variables: dict[str, Any]) -> None:
    assert list(read_hosts(_listing(variables), _locate).hosts) == ["web-1"]
