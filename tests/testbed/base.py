"""The shared lower layer: one debootstrap root, built once and kept in the cache.

A root is found by the digest of what it was made from, so another suite, package or recipe makes another root.
Nothing of a bed is in it: keys and passwords come in a layer of the bed's own.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.cache import cache_directory, exclusive
from tests.testbed.commands import run
from tests.testbed.errors import TestbedError

__all__ = ["DEFAULT_PACKAGES", "RootSpec", "ensure_root", "mirror_of"]

DEFAULT_PACKAGES = (
    "apparmor",
    "apparmor-utils",
    "auditd",
    "bash",
    "busybox",
    "chrony",
    "cron",
    "e2fsprogs",
    "iproute2",
    "kmod",
    "libpam-pwquality",
    "login",
    "logrotate",
    "nftables",
    "openssh-server",
    "passwd",
    "procps",
    # Ansible's setup module needs more of the standard library than python3-minimal carries.
    "python3",
    "rsyslog",
    "sudo",
)

# Raise it when the recipe below changes what a root contains.
_RECIPE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSpec:
    """What a root is made of: a Debian suite and packages beyond debootstrap's ``minbase``."""

    suite: str = "bookworm"
    packages: tuple[str, ...] = DEFAULT_PACKAGES

    @property
    def name(self) -> str:
        """The root's folder name: the suite and twelve hex digits of the digest of its parts."""
        parts = json.dumps([_RECIPE, self.suite, sorted(set(self.packages))])
        return f"{self.suite}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"


def ensure_root(spec: RootSpec) -> Path:
    """Return the root for ``spec``, building it (about a minute) when the cache has none.

    Raises TestbedError when the suite cannot be fetched.
    """
    roots = cache_directory() / "roots"
    roots.mkdir(exist_ok=True)
    target = roots / spec.name
    with exclusive(roots / ".lock"):
        if not (target / "root.json").is_file():
            _build(spec, target)
    return target / "root"


def mirror_of(suite: str) -> str:
    """The address this machine's own apt fetches ``suite`` from, else the one of its main Debian source."""
    form = "$(SITE) $(RELEASE) $(COMPONENT)"
    listing = run(["apt-get", "indextargets", "--format", form]).stdout.decode()
    rows = [row for row in map(str.split, listing.splitlines()) if len(row) == 3 and row[2] == "main"]
    for site, release, _ in rows:
        if release == suite:
            return site
    for site, release, _ in rows:
        if "-" not in release:
            return site
    raise TestbedError("apt knows no Debian source: add one to /etc/apt/sources.list.d and run apt-get update")


def _build(spec: RootSpec, target: Path) -> None:
    started = time.monotonic()
    work = target.with_name(f"{target.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    packages = cache_directory() / "packages"
    packages.mkdir(exist_ok=True)
    work.mkdir()
    root = work / "root"
    _debootstrap(spec, root, packages)
    _make_shareable(root)
    facts = {
        "suite": spec.suite,
        "packages": sorted(spec.packages),
        "build_ms": round((time.monotonic() - started) * 1000),
    }
    (work / "root.json").write_text(json.dumps(facts, indent=1) + "\n")
    shutil.rmtree(target, ignore_errors=True)
    work.rename(target)


def _debootstrap(spec: RootSpec, root: Path, packages: Path) -> None:
    # A private mount namespace: debootstrap mounts /proc in the root, and a crash must not leave it there.
    run(
        [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("debootstrap", "--variant=minbase", f"--cache-dir={packages}"),
            f"--include={','.join(sorted(set(spec.packages)))}",
            *(spec.suite, str(root), mirror_of(spec.suite)),
        ],
        timeout=1800,
    )


def _make_shareable(root: Path) -> None:
    """Take out what must differ between hosts, and what only costs space."""
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for archive in (root / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()
    for listing in (root / "var/lib/apt/lists").glob("*_*"):
        listing.unlink()
    (root / "etc/machine-id").write_text("")
    # debootstrap copies the machine's own: a host has no name server and shall not know the machine's.
    (root / "etc/resolv.conf").write_text("")
