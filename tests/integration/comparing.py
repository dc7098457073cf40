"""Other tools over the same hosts: how they are run, what they say, and what it is compared with."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree as ET

from ruamel.yaml import YAML

from sec_ops.model.values import Value
from sec_ops.model.verdict import Verdict
from tests.integration.proving import PROOFS, proof_of
from tests.testbed.base import DEFAULT_PACKAGES, RootSpec, ensure_root
from tests.testbed.commands import run
from tests.testbed.host import Host

__all__ = ["BULLSEYE", "TOOLS", "Answered", "Comparison", "Row", "lynis", "mend", "openscap", "openscap_layer"]

MAPPING = Path(__file__).parent / "comparison.yml"
TOOLS = RootSpec(packages=(*DEFAULT_PACKAGES, "lynis", "openscap-scanner", "ssg-debian"))
BULLSEYE = RootSpec(suite="bullseye")

_REPORT = "/var/log/lynis-report.dat"
_PLACE = Path("opt/oscap")
_RULE = "xccdf_org.ssgproject.content_rule_"
_XCCDF = "http://checklists.nist.gov/xccdf/1.2"
_ANSWERED_NO = re.compile(r"^(?:suggestion|warning)\[\]=([A-Z]+-[0-9]+)\|(.*)$", re.MULTILINE)


class Answered(StrEnum):
    """What another tool says of a setting."""

    PASS = "pass"
    FAIL = "fail"
    NOTHING = "nothing"


class Row(Value):
    """A check of ours and the test of another tool that is nearest; `about` picks among several answers of a test.

    `reason` says why the two differ on the hosts of the test bed; without one they agree.
    """

    check: str
    test: str
    about: str = ""
    reason: str = ""


class Comparison(Value):
    """The rows of each tool; `harden` is run by sh as root after the proofs' mends, which undo each other here."""

    harden: str
    lynis: tuple[Row, ...]
    openscap: tuple[Row, ...]

    @classmethod
    def load(cls) -> Comparison:
        """Read the mapping."""
        return cls.model_validate(YAML(typ="safe").load(MAPPING))


def agree(ours: Verdict, theirs: Answered) -> bool:
    """Whether both say yes or both say no; what either does not decide is no agreement."""
    if theirs is Answered.PASS:
        return ours is Verdict.COMPLIANT
    return theirs is Answered.FAIL and ours in (Verdict.NON_COMPLIANT, Verdict.PARTIAL)


def mend(host: Host, checks: Iterable[str], harden: str) -> None:
    """Mend on a host all of these checks that have a proof, then what `harden` says."""
    for name in sorted(set(checks)):
        if (PROOFS / f"{name}.yml").is_file():
            host.run(["sh", "-c", proof_of(PROOFS / f"{name}.yml").mend], accept=None)
    host.run(["sh", "-ec", harden])


# --- lynis


@dataclass(frozen=True, slots=True)
class LynisReport:
    """What lynis wrote in its report."""

    text: str

    def __call__(self, row: Row) -> Answered:
        """Return what the test of a row came to; a test that was executed and complains of nothing passes."""
        complaints = [text for test, text in _ANSWERED_NO.findall(self.text) if test == row.test]
        if any(row.about.lower() in text.lower() for text in complaints):
            return Answered.FAIL
        return Answered.PASS if row.test in self.executed else Answered.NOTHING

    @property
    def executed(self) -> frozenset[str]:
        """Return the ids of the tests that were executed."""
        found = re.search(r"^tests_executed=(.*)$", self.text, re.MULTILINE)
        return frozenset(found[1].split("|")) if found else frozenset()


def lynis(host: Host) -> LynisReport:
    """Run lynis on a host whose root has it. Raises AssertionError when it executed next to nothing."""
    host.run(["lynis", "audit", "system", "--quick", "--no-colors", "--quiet"], accept=None)
    report = LynisReport(host.read(_REPORT).decode(errors="replace"))
    assert len(report.executed) > 100, "lynis executed next to nothing"
    return report


# --- OpenSCAP with the SCAP Security Guide


@dataclass(frozen=True, slots=True)
class OpenscapReport:
    """Results of rules by their short names."""

    results: Mapping[str, str]

    def __call__(self, row: Row) -> Answered:
        """Return what the rule of a row came to."""
        return {"pass": Answered.PASS, "fail": Answered.FAIL}.get(self.results.get(row.test, ""), Answered.NOTHING)


def openscap_layer(content: str = "ssg-debian11-ds.xml") -> Path:
    """A layer with Debian 12's oscap, its libraries and SSG's Debian 11 content; Debian 11 packages no oscap."""
    tools = ensure_root(TOOLS)
    layer = Path(tempfile.mkdtemp(prefix="sec-ops-oscap-"))
    place = layer / _PLACE
    (place / "lib").mkdir(parents=True)
    for folder in (layer, layer / "opt", place, place / "lib"):
        folder.chmod(0o755)
    libraries = re.findall(r"(/\S+) \(0x", run(["chroot", str(tools), "ldd", "/usr/bin/oscap"]).stdout.decode())
    for library in libraries:
        shutil.copy(tools / library.lstrip("/"), place / "lib")
    shutil.copy(tools / "usr/bin/oscap", place)
    shutil.copytree(tools / "usr/share/openscap", place / "share")
    shutil.copy(tools / "usr/share/xml/scap/ssg/content" / content, place / "content.xml")
    return layer


def openscap(host: Host, rules: Iterable[str]) -> OpenscapReport:
    """Run oscap on a host with `openscap_layer` for these rules.

    Raises AssertionError when nothing is applicable: an empty comparison would agree with everything.
    """
    host.write(f"/{_PLACE}/tailoring.xml", _tailoring(rules))
    folder = f"/{_PLACE}"
    schemas = [f"OSCAP_{name}_PATH={folder}/share/{name.lower()}" for name in ("CPE", "XSL")]
    program = [f"{folder}/lib/ld-linux-x86-64.so.2", "--library-path", f"{folder}/lib", f"{folder}/oscap"]
    options = ["--tailoring-file", f"{folder}/tailoring.xml", "--profile", "xccdf_sec-ops_profile_compared"]
    evaluate = ["xccdf", "eval", *options, "--results", "/root/results.xml", f"{folder}/content.xml"]
    host.run(["env", f"OSCAP_SCHEMA_PATH={folder}/share/schemas", *schemas, *program, *evaluate], accept=(0, 2))
    report = OpenscapReport(_results(host.read("/root/results.xml")))
    applicable = {rule for rule, result in report.results.items() if result in ("pass", "fail")}
    assert applicable, f"nothing is applicable: {report.results}"
    return report


def _results(xml: bytes) -> dict[str, str]:
    tree = ET.fromstring(xml)
    results = {}
    for each in tree.iter(f"{{{_XCCDF}}}rule-result"):
        results[each.attrib["idref"].removeprefix(_RULE)] = each.findtext(f"{{{_XCCDF}}}result", "")
    return {rule: result for rule, result in results.items() if result != "notselected"}


def _tailoring(rules: Iterable[str]) -> str:
    # Without a line end between them oscap 1.3.7 reads every other one.
    selected = "".join(f'<x:select idref="{_RULE}{rule}" selected="true"/>\n' for rule in sorted(set(rules)))
    return (
        f'<?xml version="1.0"?><x:Tailoring xmlns:x="{_XCCDF}" id="xccdf_sec-ops_tailoring_compared">'
        '<x:benchmark href="content.xml"/><x:version time="2026-01-01T00:00:00">1</x:version>'
        f'<x:Profile id="xccdf_sec-ops_profile_compared"><x:title>compared</x:title>{selected}</x:Profile>'
        "</x:Tailoring>"
    )


Report = Callable[[Row], Answered]
