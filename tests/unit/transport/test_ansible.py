"""Inventories through the real ansible-inventory: what it reads, refuses and never executes; when it is asked again."""

from pathlib import Path

import pytest

from sec_ops.model.errors import ContentInvalid, ProgramMissing
from sec_ops.model.messages import message
from sec_ops.model.protocols import Completed, RunProgram
from sec_ops.transport.ansible import inventory_list
from sec_ops.transport.process import run_program

GOOD = """\
all:
  children:
    west:
      hosts:
        school-1: {ansible_host: 192.0.2.1}
        school-2: {ansible_host: "2001:db8::2"}
"""


def _file(folder: Path, text: str, name: str = "hosts.yml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def _counting(answers: list[str]) -> RunProgram:
    def run(arguments, **options):
        answers.append(arguments[0])
        return run_program(arguments, **options)

    return run


def test_yaml_ini_and_folders_are_read(tmp_path):
    listed = inventory_list(_file(tmp_path, GOOD), run_program)
    assert sorted(listed["west"]["hosts"]) == ["school-1", "school-2"]
    assert listed["_meta"]["hostvars"]["school-2"]["ansible_host"] == "2001:db8::2"
    (tmp_path / "group_vars").mkdir()
    _file(tmp_path / "group_vars", "ansible_user: auditor\n", "all.yml")
    assert inventory_list(tmp_path, run_program)["_meta"]["hostvars"]["school-1"]["ansible_user"] == "auditor"
    ini = _file(tmp_path, "[east]\nschool-3 ansible_host=192.0.2.3\n", "hosts.ini")
    assert inventory_list(ini, run_program)["east"]["hosts"] == ["school-3"]


@pytest.mark.parametrize(
    "text",
    [
        "all: {",
        "all:\n  hoss:\n    a: {}\n",
        "- a\n- b\n",
        "all:\n  hosts:\n    a:\n  hosts:\n    b:\n",
    ],
)
def test_what_ansible_complains_of_is_a_fault(tmp_path, text):
    path = _file(tmp_path, text)
    with pytest.raises(ContentInvalid) as caught:
        inventory_list(path, run_program)
    assert caught.value.faults
    assert all(fault.file == str(path) for fault in caught.value.faults)


def test_a_missing_inventory_is_a_fault(tmp_path):
    with pytest.raises(ContentInvalid):
        inventory_list(tmp_path / "none.yml", run_program)


def test_nothing_in_an_inventory_is_executed(tmp_path, monkeypatch):
    mark = tmp_path / "executed"
    script = _file(tmp_path, f"#!/bin/sh\ntouch {mark}\necho '{{}}'\n", "hosts.sh")
    script.chmod(0o755)
    plugins = tmp_path / "inventory_plugins"
    plugins.mkdir()
    _file(plugins, f"open({str(mark)!r}, 'w')\n", "yaml.py")
    _file(tmp_path, f"[defaults]\ninventory_plugins = {plugins}\n[inventory]\nenable_plugins = script\n", "ansible.cfg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANSIBLE_INVENTORY_ENABLED", "script")
    monkeypatch.setenv("ANSIBLE_INVENTORY_PLUGINS", str(plugins))
    with pytest.raises(ContentInvalid):
        inventory_list(script, run_program)
    good = tmp_path / "good"
    good.mkdir()
    inventory_list(_file(good, GOOD), run_program)
    assert not mark.exists()


def test_variables_are_not_evaluated(tmp_path):
    mark = tmp_path / "evaluated"
    text = f"all:\n  hosts:\n    a:\n      x: \"{{{{ lookup('pipe', 'touch {mark}') }}}}\"\n"
    inventory_list(_file(tmp_path, text), run_program)
    assert not mark.exists()


def test_the_cache_holds_until_a_file_changes(tmp_path):
    asked: list[str] = []
    run, cache = _counting(asked), tmp_path / "cache"
    folder = tmp_path / "inventory"
    folder.mkdir()
    path = _file(folder, GOOD)
    first = inventory_list(path, run, cache)
    assert inventory_list(path, run, cache) == first
    assert len(asked) == 1
    (folder / "host_vars").mkdir()
    _file(folder / "host_vars", "port: 1\n", "school-1.yml")
    assert inventory_list(path, run, cache) != first
    assert len(list(cache.iterdir())) == 1
    assert len(asked) == 2


def test_a_damaged_cache_is_no_fault(tmp_path):
    asked: list[str] = []
    path, cache = _file(tmp_path, GOOD), tmp_path / "cache"
    first = inventory_list(path, _counting(asked), cache)
    for kept in cache.iterdir():
        kept.write_text("{ broken")
    assert inventory_list(path, _counting(asked), cache) == first
    assert len(asked) == 2


@pytest.mark.parametrize(
    "completed",
    [
        Completed(exit_code=0, stdout=b"no json", stderr=b"", elapsed_ms=1),
        Completed(exit_code=0, stdout=b"[]", stderr=b"", elapsed_ms=1),
        Completed(exit_code=7, stdout=b"{}", stderr=b"", elapsed_ms=1),
        Completed(exit_code=0, stdout=b"{}", stderr=b"[WARNING]: something was passed over", elapsed_ms=1),
    ],
)
def test_odd_answers_are_faults(tmp_path, completed):
    with pytest.raises(ContentInvalid):
        inventory_list(_file(tmp_path, GOOD), lambda *_, **__: completed)


def test_a_missing_ansible_is_named(tmp_path):
    def missing(*_, **__):
        raise ProgramMissing(message("the program {program} is not installed", program="ansible-inventory"))

    with pytest.raises(ProgramMissing):
        inventory_list(_file(tmp_path, GOOD), missing)
