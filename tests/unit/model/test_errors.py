"""The drawn tree is the real one."""

import re
from inspect import getmembers, isclass

from sec_ops.model import errors
from sec_ops.model.errors import Fault, HostKeyChanged, SecOpsError
from sec_ops.model.messages import message


def test_the_drawing_names_every_class_below_its_parent() -> None:
    lines = (errors.__doc__ or "").splitlines()[2:]
    found = [match for line in lines if (match := re.match(r"([│├└─ ]*)([A-Z]\w+)", line))]
    drawn = [(len(match[1]) // 4, match[2]) for match in found]
    assert len(drawn) > 20
    classes = {name: each for name, each in getmembers(errors, isclass) if issubclass(each, SecOpsError)}
    assert {name for _, name in drawn} == set(classes)
    for place, (depth, name) in enumerate(drawn[1:], 1):
        parent = next(above for level, above in reversed(drawn[:place]) if level == depth - 1)
        assert classes[name].__bases__ == (classes[parent],)


def test_the_drawing_names_the_exit_codes() -> None:
    for name, code in re.findall(r"(\w+) +(\d+)  ", errors.__doc__ or ""):
        assert getattr(errors, name).outcome == int(code)


def test_names_for_machines() -> None:
    assert HostKeyChanged(message("x")).name == "host_key_changed"
    assert errors.EngineError(message("x")).name == "engine"


def test_a_fault_says_its_place() -> None:
    fault = Fault(file="a.yml", line=3, path="items.0.id", message=message("is missing"))
    assert fault.place == "a.yml:3: items.0.id"
    assert Fault(file="a.yml", line=0, path="", message=message("is missing")).place == "a.yml"
