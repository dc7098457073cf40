"""Which family of operating systems a host belongs to, from os-release(5)."""

from dataclasses import dataclass
from typing import Final

from sec_ops.model.fact import Fact, FactState

__all__ = ["FAMILIES", "OS_RELEASE", "UNKNOWN", "Platform", "family_of", "platform_of"]

OS_RELEASE: Final = "os_release"
"""Name of the fact every collector reads first."""

UNKNOWN: Final = "unknown"
FAMILIES: Final = ("debian", "rhel")

_FAMILY_OF: Final = {
    **dict.fromkeys(("debian", "ubuntu", "deepin", "linuxmint", "kali", "raspbian", "openkylin"), "debian"),
    **dict.fromkeys(
        ("rhel", "centos", "rocky", "almalinux", "fedora", "ol", "openeuler", "kylin", "anolis", "alinux"), "rhel"
    ),
    **dict.fromkeys(
        ("opencloudos", "tencentos", "euleros", "hce", "bclinux", "ctyunos", "kylinsec", "uoseuler"), "rhel"
    ),
}
_EITHER: Final = frozenset({"uos", "kylin"})
"""Their desktop editions are Debian kin, their servers RHEL kin; `/etc/debian_version` is asked for by the probe."""


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
    distribution = values.get("ID", "")
    likes = tuple(values.get("ID_LIKE", "").split())
    packages = values.get("SEC_OPS_PACKAGES", "")
    return Platform(
        family=family_of(distribution, likes, packages), distribution=distribution, version=values.get("VERSION_ID", "")
    )


def family_of(distribution: str, likes: tuple[str, ...] = (), packages: str = "") -> str:
    """Return debian, rhel or unknown.

    `packages` is `dpkg` or `rpm` where the host was asked; it decides for products that come in both families.
    """
    name = distribution.lower()
    if name in _EITHER and packages:
        return {"dpkg": "debian", "rpm": "rhel"}.get(packages, UNKNOWN)
    if name == "uos":
        return "debian" if "debian" in likes else "rhel"
    named = (_FAMILY_OF.get(word.lower()) for word in (name, *likes))
    return next((family for family in named if family), UNKNOWN)


def _values(text: str) -> dict[str, str]:
    pairs = (line.strip().partition("=") for line in text.split("\n"))
    return {key: value.strip().strip("\"'") for key, _, value in pairs if key and not key.startswith("#")}
