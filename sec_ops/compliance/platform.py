"""Which family of operating systems a host belongs to, from os-release(5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sec_ops.model.fact import Fact, FactState

__all__ = ["FAMILIES", "OS_RELEASE", "UNKNOWN", "Platform", "family_of", "platform_of"]

OS_RELEASE: Final = "os_release"
"""Name of the fact every collector reads first."""

UNKNOWN: Final = "unknown"
FAMILIES: Final = ("debian", "rhel")

_FAMILY_OF: Final = {
    **dict.fromkeys(("debian", "ubuntu", "deepin", "linuxmint", "kali", "raspbian", "openkylin"), "debian"),
    **dict.fromkeys(("rhel", "centos", "rocky", "almalinux", "fedora", "ol", "openeuler", "anolis", "alinux"), "rhel"),
    **dict.fromkeys(
        ("opencloudos", "tencentos", "euleros", "hce", "bclinux", "ctyunos", "kylinsec", "uoseuler"), "rhel"
    ),
}
_EITHER: Final = frozenset({"uos", "kylin"})
"""Sold in both families under one ID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What rules see as `host`; family is debian, rhel or unknown."""

    family: str
    distribution: str
    version: str

    @property
    def known(self) -> bool:
        """Return whether rules may be judged on this platform."""
        return self.family != UNKNOWN

    @property
    def label(self) -> str:
        """Return distribution and version, such as `debian 12`; empty when neither is known."""
        return f"{self.distribution} {self.version}".strip()


def platform_of(fact: Fact | None) -> Platform:
    """Return the platform that the host's os-release names; the family is unknown when it says nothing we know."""
    values = _values(fact.text) if fact and fact.state is FactState.READ else {}
    return Platform(
        family=family_of(values.get("ID", ""), values),
        distribution=values.get("ID", ""),
        version=values.get("VERSION_ID", ""),
    )


def family_of(distribution: str, os_release: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return debian, rhel or unknown for an os-release ID; the other values of os-release help where ID doesn't decide.

    Of products sold in both families, what says nothing of itself is unknown, but for Kylin: only its desktop says
    that it is like Debian.
    """
    name = distribution.lower()
    likes = os_release.get("ID_LIKE", "").lower().split()
    if name in _EITHER:
        return _family_of_either(name, likes, os_release)
    return next((_FAMILY_OF[word] for word in (name, *likes) if word in _FAMILY_OF), UNKNOWN)


def _family_of_either(name: str, likes: Sequence[str], os_release: Mapping[str, str]) -> str:
    product = f"{os_release.get('NAME', '')} {os_release.get('PRETTY_NAME', '')}".lower()
    if "debian" in likes or "desktop" in product:
        return "debian"
    if os_release.get("PLATFORM_ID") or "rhel" in likes or "fedora" in likes:
        return "rhel"
    return "rhel" if name == "kylin" else UNKNOWN


def _values(text: str) -> dict[str, str]:
    pairs = (line.strip().partition("=") for line in text.split("\n"))
    return {key: value.strip().strip("\"'") for key, _, value in pairs if key and not key.startswith("#")}
