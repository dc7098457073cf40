"""Which family a host belongs to, from os-release; what says nothing we know is unknown, loudly."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sec_ops.compliance.platform import platform_of
from sec_ops.model.fact import Fact, FactState


def os_release(text: str, state: FactState = FactState.READ) -> Fact:
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
    return Fact(id="os_release", state=state, exit_code=0, text=text, sha256=digest, elapsed_ms=0)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ('ID=debian\nVERSION_ID="12"', "debian"),
        ('ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"', "debian"),
        ("ID=Deepin", "debian"),
        ("ID=newcomer\nID_LIKE=debian", "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "rhel"),
        ('ID="almalinux"\nID_LIKE="rhel centos fedora"', "rhel"),
        ('ID="openEuler"\nVERSION_ID="22.03"', "rhel"),
        ('ID="anolis"\nID_LIKE="rhel fedora centos"', "rhel"),
        ('ID="newcomer"\nID_LIKE="rhel"', "rhel"),
        ('ID="kylin"\nVERSION_ID="V10"', "rhel"),
        ("ID=kylin\nID_LIKE=debian", "debian"),
        ('ID="uos"\nPLATFORM_ID="platform:uelc20"', "rhel"),
        ('ID=uos\nPRETTY_NAME="UnionTech OS Desktop 20 Pro"', "debian"),
        ("ID=uos", "unknown"),
        ("ID=alpine", "unknown"),
        ("ID=arch", "unknown"),
        ("# ID=debian", "unknown"),
        ("", "unknown"),
    ],
)
def test_family(text: str, family: str) -> None:
    platform = platform_of(os_release(text))
    assert platform.family == family
    assert platform.known is (family != "unknown")


def test_distribution_and_version() -> None:
    platform = platform_of(os_release('NAME="x"\nID=debian\nVERSION_ID="12"\n'))
    assert (platform.distribution, platform.version, platform.label) == ("debian", "12", "debian 12")


@pytest.mark.parametrize(
    "fact", [None, os_release("ID=debian", FactState.UNREADABLE), os_release("", FactState.ABSENT)]
)
def test_no_answer_is_no_platform(fact: Fact | None) -> None:
    assert not platform_of(fact).known


@given(st.text())
def test_no_text_raises(text: str) -> None:
    platform_of(os_release(text.encode("utf-8", "replace").decode()))
