"""The collector: all probes merged into one read-only POSIX sh script that writes framed facts (`frames`).

The script's second line holds the SHA-256 of everything below the third, the third the controller's nonce: for one
set of probes the digest is always the same, whoever asks.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from sec_ops.compliance.platform import OS_RELEASE
from sec_ops.model.check import Check, Probe

__all__ = ["collector_digest", "collector_script", "needed_probes"]

_HEAD_LINES: Final = 3
_EXIT_MARKER: Final = 64
_NONCE: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


def needed_probes(checks: Iterable[Check], shared: Mapping[str, Probe]) -> tuple[Probe, ...]:
    """Return the probes of all enabled checks, each once, the one that names the platform first, then by id.

    Probes the checks name but nobody defines are left out; the lint tells them.
    """
    needed = {OS_RELEASE: shared[OS_RELEASE]} if OS_RELEASE in shared else {}
    for check in checks:
        for probe in check.probe if check.enabled else ():
            found = shared.get(probe) if isinstance(probe, str) else probe
            if found is not None:
                needed.setdefault(found.id, found)
    return tuple(sorted(needed.values(), key=lambda probe: (probe.id != OS_RELEASE, probe.id)))


def collector_script(probes: Iterable[Probe], *, nonce: str = "") -> bytes:
    """Return the script that runs `probes` in their order; the same for the same probes and nonce.

    `nonce` (letters, digits, `._-`) is echoed in the header; without one the variable SEC_OPS_NONCE of the
    environment is. Raises ValueError for a nonce with other characters.
    """
    if nonce and not _NONCE.fullmatch(nonce):
        raise ValueError("a nonce has letters, digits and ._- only")
    facts = "\n".join(_call(probe) for probe in probes)
    body = _template().replace("@facts@", facts, 1).encode()
    head = f"#!/bin/sh\nsec_ops_collector={_sha256(body)}\nsec_ops_nonce={nonce or '${SEC_OPS_NONCE-}'}\n"
    return head.encode() + body


def collector_digest(script: bytes) -> str:
    """Return the digest that the script's facts name: SHA-256 of all but its first three lines."""
    return _sha256(script.split(b"\n", _HEAD_LINES)[-1])


@cache
def _template() -> str:
    return files(__package__).joinpath("collector.sh").read_text(encoding="utf-8")


def _call(probe: Probe) -> str:
    """Return the line that runs a probe; room for its bound and the marker with its exit code after it."""
    return f"  fact {probe.id} {probe.bytes_bound + _EXIT_MARKER} {probe.seconds_bound} {_quoted(probe.run)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
