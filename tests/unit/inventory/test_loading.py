"""The example loads; every wrong reference is told with its line; a site stands alone. Runs the real Ansible."""

import shutil
import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.content.shipped import shipped_root
from sec_ops.inventory.graph import dot, mermaid
from sec_ops.inventory.inventory import Inventory
from sec_ops.inventory.loading import load_inventory
from sec_ops.inventory.references import cycle
from sec_ops.model.content import Layer
from sec_ops.model.errors import ContentInvalid
from sec_ops.transport.process import run_program


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def example(cache: Path) -> Inventory:
    return load_inventory(None, run_program, cache=cache)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site that starts from the example."""
    shutil.copytree(shipped_root() / "inventory", tmp_path / "inventory")
    return tmp_path


def test_the_example_is_whole(example: Inventory) -> None:
    assert example.layer is Layer.SHIPPED
    kinds = [unit.kind.value for unit in example.units.values()]
    assert (kinds.count("city"), kinds.count("district"), kinds.count("school")) == (1, 3, 12)
    assert {host.name for host in example.hosts_of("student-records")} == {
        "student-app-1",
        "student-app-2",
        "student-db-1",
        "student-db-2",
    }
    assert [host.name for host in example.select("identity_service:!databases")] == ["idp-1", "idp-2"]
    assert example.unit_of("web-1") == "qinglan"
    assert example.unit_of("log-1") == ""
    assert {system.level for system in example.systems.values()} == {2, 3}


def test_the_example_can_reach_nothing(example: Inventory) -> None:
    documentation = ("192.0.2.", "198.51.100.", "2001:db8:")
    assert len(example.hosts) >= 20
    assert all(host.address.startswith(documentation) for host in example.hosts.values())
    assert any(":" in host.address for host in example.hosts.values())


def test_a_site_stands_alone(tmp_path: Path) -> None:
    inventory = load_inventory(tmp_path, run_program)
    assert inventory.layer is Layer.SITE
    assert not any((inventory.hosts, inventory.systems, inventory.units, inventory.people))


EDITS: list[tuple[str, str, str, list[str]]] = [
    (
        "systems/student-records.yml",
        "unit: qinglan",
        "unit: qinglam",
        ["unit: no unit has the id qinglam (did you mean qinglan?)"],
    ),
    ("systems/student-records.yml", "leader: lin", "leader: nobody", ["leader: no person has the id nobody"]),
    (
        "systems/student-records.yml",
        "depends_on: [identity-service]",
        "depends_on: [identity-service, exam-enrolment]",
        ["depends_on: systems depend on each other in a circle: exam-enrolment -> student-records -> exam-enrolment"],
    ),
    ("systems/student-records.yml", "[identity-service]", "[idp]", ["depends_on[0]: no key system has the id idp"]),
    (
        "systems/student-records.yml",
        "[student_records]",
        "[student_recrds]",
        ["hosts[0]: no host and no group is called student_recrds"],
    ),
    (
        "systems/student-records.yml",
        "clause: 8.1.9.5-a",
        "clause: 8.1.9.5-z",
        ["not_applicable[0].clause: no clause has the id 8.1.9.5-z"],
    ),
    (
        "systems/student-records.yml",
        "clause: 8.1.9.5-a",
        "clause: 7.1.9.5-a",
        ["clause: a clause of level 2, the system is of level 3"],
    ),
    ("systems/student-records.yml", "S3A3G3", "S3A3G2", ["grading: G is the higher of S and A, here 3"]),
    ("systems/student-records.yml", "S3A3G3", "3", ["grading: wants text"]),
    ("systems/student-records.yml", "rto_seconds: 14400", "rto_seconds: 4h", ["rto_seconds: wants a whole number"]),
    ("systems/student-records.yml", "[minors_personal,", "[minor_personal,", ["data_kinds[0]: wants one of"]),
    (
        "systems/student-records.yml",
        "id: core-switch-1",
        "id: border-firewall-1",
        ["two objects of the system have one id"],
    ),
    (
        "sites/yunting.yml",
        "parent: qinglan",
        "parent: wangchao",
        ["parent: a district bureau does not stand below a district bureau"],
    ),
    ("sites/yunting.yml", "    parent: qinglan\n", "", ["a second root; qinglan is the root"]),
    (
        "sites/city.yml",
        "    contact: zhou\n",
        "    contact: zhuo\n",
        ["contact: no person has the id zhuo (did you mean zhou?)"],
    ),
    ("people.yml", "unit: wangchao-high", "unit: nowhere", ["unit: no unit has the id nowhere"]),
    ("people.yml", "by: lin,", "by: lim,", ["roles[0].by: no person has the id lim (did you mean lin?)"]),
    ("hosts.yml", "idp-1: {", "idp-1: {ansible_password: x, ", ["a secret stands in the inventory"]),
    (
        "hosts.yml",
        "sec_ops_privilege: pinned",
        "sec_ops_privilege: sudo",
        ["wants one of user, root, streamed, pinned"],
    ),
    (
        "hosts.yml",
        "student-app-2: {",
        "student-app-2: {sec_ops_jump: studnet-app-1, ",
        ["student-app-2.sec_ops_jump: no host is called studnet-app-1 (did you mean student-app-1?)"],
    ),
    (
        "hosts.yml",
        "card-app-1: {",
        "card-app-1: {ansible_ssh_common_args: '-J gate', ",
        ["card-app-1.ansible_ssh_common_args: the jump host gate is no host of the inventory"],
    ),
    (
        "systems/student-records.yml",
        "hosts: [student-app-1, student-app-2]",
        "hosts: [student-app-9]",
        ["log_sources[2].hosts[0]: no host and no group is called student-app-9"],
    ),
    (
        "systems/student-records.yml",
        "object: core-switch-1",
        "object: core-switch-2",
        ["log_sources[4].object: the system has no object core-switch-2"],
    ),
    (
        "systems/student-records.yml",
        "addresses: [192.0.2.1]",
        "addresses: [192.0.2.256]",
        ["log_sources[4].addresses[0]: neither an address nor a network, such as 192.0.2.7 or 192.0.2.0/24"],
    ),
    (
        "systems/student-records.yml",
        "parser: huawei-vrp",
        "parser: huawei-vpr",
        ["log_sources[4].parser: no parser is called huawei-vpr (did you mean huawei-vrp?)"],
    ),
    (
        "systems/student-records.yml",
        "zone: Asia/Shanghai",
        "zone: Asia/Beijing",
        ["log_sources[1].zone: not a time zone such as Asia/Shanghai"],
    ),
    (
        "systems/student-records.yml",
        "paths: ['/var/log/nginx/*.log']",
        "paths: ['/var/*/nginx.log']",
        ["a path begins with / and has * and ? only in its last part"],
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "expected"), EDITS, ids=[f"{row[0]}-{row[2].strip()}" for row in EDITS])
def test_faults_name_file_line_and_path(
    site: Path, cache: Path, file: str, old: str, new: str, expected: list[str]
) -> None:
    path = site / "inventory" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentInvalid) as caught:
        load_inventory(site, run_program, cache=cache)
    found = [
        f"{fault.path}: {fault.message}" + (f" ({fault.advice})" if fault.advice else "")
        for fault in caught.value.faults
    ]
    for part in expected:
        assert any(part in each for each in found), found
    assert all(fault.line > 0 and Path(fault.file).is_file() for fault in caught.value.faults)


def test_faults_of_all_files_come_at_once(site: Path, cache: Path) -> None:
    for file, old, new in [
        ("systems/student-records.yml", "id: student-records", "idd: student-records"),
        ("people.yml", "name: 林示例", "nam: 林示例"),
        ("hosts.yml", "ansible_user: secops", "ansible_user: '{{ user }}'"),
    ]:
        path = site / "inventory" / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentInvalid) as caught:
        load_inventory(site, run_program, cache=cache)
    assert {Path(fault.file).name for fault in caught.value.faults} == {
        "student-records.yml",
        "people.yml",
        "hosts.yml",
    }


def test_what_ansible_cannot_read_is_a_fault(site: Path) -> None:
    (site / "inventory" / "hosts.yml").write_text("all:\n  hosts: [\n")
    with pytest.raises(ContentInvalid):
        load_inventory(site, run_program)


def test_a_folder_whose_name_python_frowns_at_is_no_fault(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x-7is").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "x-7is"))
    assert load_inventory(site, run_program).hosts


def test_ansible_is_asked_again_only_when_something_changed(site: Path, tmp_path: Path) -> None:
    asked = []

    def counting(*arguments: Any, **options: Any) -> Any:
        asked.append(arguments)
        return run_program(*arguments, **options)

    for _ in range(2):
        load_inventory(site, counting, cache=tmp_path / "kept")
    assert len(asked) == 1
    variables = site / "inventory" / "group_vars" / "website_group.yml"
    variables.parent.mkdir()
    variables.write_text("ansible_port: 2200\n")
    assert load_inventory(site, counting, cache=tmp_path / "kept").hosts["web-1"].port == 2200
    assert len(asked) == 2


def test_graphs(example: Inventory) -> None:
    drawn = mermaid(example, lambda text: text.zh)
    assert drawn.startswith("flowchart LR\n")
    assert drawn.count("-->") == sum(len(system.depends_on) for system in example.systems.values())
    assert "学籍管理系统 S3A3G3" in drawn
    assert '"exam-enrolment" -> "identity-service";' in dot(example, lambda text: text.en)


def test_names_cannot_break_out_of_a_graph(site: Path, cache: Path) -> None:
    path = site / "inventory/systems/website-group.yml"
    evil = """name: {zh: 'a"]; click x', en: 'b"]\\\\ <script>alert(1)</script>'}"""
    text = path.read_text(encoding="utf-8").replace("name: {zh: 教育局网站群, en: Web-site group}", evil)
    path.write_text(text, encoding="utf-8")
    inventory = load_inventory(site, run_program, cache=cache)
    assert "<script>" not in mermaid(inventory, lambda text: text.en)
    assert '[label="b\\"]\\\\\\\\ <script>' in dot(inventory, lambda text: text.en)


NODES = st.sampled_from("abcde")


@given(st.dictionaries(NODES, st.lists(NODES, max_size=3)))
def test_a_circle_is_found_exactly_when_there_is_one(edges: Mapping[str, list[str]]) -> None:
    found = cycle(edges)
    remaining = {node: set(targets) for node, targets in edges.items()}
    while free := [node for node, targets in remaining.items() if not targets & set(remaining)]:
        for node in free:
            del remaining[node]
    assert bool(found) == bool(remaining)
    if found:
        assert found[0] == found[-1]
        assert all(after in edges[before] for before, after in pairwise(found))


def test_a_secret_that_stands_in_the_inventory_is_written_nowhere(site: Path, tmp_path: Path) -> None:
    hosts = site / "inventory" / "group_vars" / "all.yml"
    hosts.parent.mkdir(exist_ok=True)
    hosts.write_text("ansible_password: hunter2-of-the-day\n")
    kept = tmp_path / "kept"
    with pytest.raises(ContentInvalid):
        load_inventory(site, run_program, cache=kept)
    assert not [path for path in kept.rglob("*") if path.is_file()]


def test_a_cache_that_cannot_be_written_is_done_without(site: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("in the way")
    assert load_inventory(site, run_program, cache=tmp_path / "kept").hosts
