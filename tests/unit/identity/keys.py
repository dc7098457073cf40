"""Real SSH keys, made once for the tests of a module."""

import subprocess
from pathlib import Path

from sec_ops.model.people import Person


def make_key(folder: Path, name: str) -> Path:
    """Make a key pair without a passphrase; return the private half's path."""
    path = folder / name
    line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
    subprocess.run(line, check=True, stdin=subprocess.DEVNULL)
    return path


def person(name: str, key: Path | None = None, *, role: str | None = None, **more: object) -> Person:
    """Return a person with a key and a role."""
    keys = [{"key": key.with_suffix(".pub").read_text().strip()}] if key else []
    roles = [{"role": role, "by": "other", "on": "2026-01-05", "document": "1"}] if role else []
    return Person.model_validate({"id": name, "name": name, "unit": "city", "keys": keys, "roles": roles, **more})
