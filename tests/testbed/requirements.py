"""What a machine needs before it can carry a bed, each checked for real."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.testbed.commands import run
from tests.testbed.errors import MissingRequirement

__all__ = ["require"]

# Tool to Debian package.
_TOOLS = {
    "apt-get": "apt",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "openssl": "openssl",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
}


def require() -> None:
    """Return when this machine can carry a bed, else raise MissingRequirement with the exact reason."""
    if os.geteuid() != 0:
        raise MissingRequirement("the test bed needs root for namespaces and mounts")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        packages = sorted({_TOOLS[tool] for tool in missing})
        raise MissingRequirement(
            f"the test bed needs {', '.join(missing)}: apt-get install {' '.join(packages)}", packages=packages
        )
    if "\toverlay\n" not in Path("/proc/filesystems").read_text() and _status(["modprobe", "overlay"]) != 0:
        raise MissingRequirement("the test bed needs a kernel with overlayfs")
    if not Path("/proc/sys/net/ipv6").is_dir():
        raise MissingRequirement("the test bed needs a kernel with IPv6 switched on")
    # One go at everything a host is made of, in namespaces that end with it.
    links = "ip link add name left type veth peer name right && ip link add name middle type bridge"
    rehearsal = f"{links} && mount -t tmpfs tmpfs /mnt"
    spaces = ("--net", "--mount", "--uts", "--ipc", "--pid", "--fork")
    tried = run(["unshare", *spaces, "sh", "-c", rehearsal], accept=None)
    if tried.returncode != 0:
        why = tried.stderr.decode("utf-8", "replace").strip()
        raise MissingRequirement(f"this kernel or container does not let root make namespaces and links: {why}")


def _status(argv: list[str]) -> int:
    return run(argv, accept=None).returncode if shutil.which(argv[0]) else 127
