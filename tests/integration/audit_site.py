"""A site folder and the real command line in it, run in the network of a test bed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testbed.bed import Bed
from tests.testbed.host import Host

__all__ = ["Answer", "AuditSite", "host_variables"]

PROGRAM = str(Path(sys.executable).with_name("sec-ops"))
# A runner in the background may have told its children to ignore SIGINT.
INTERRUPTIBLE = ("env", "--default-signal=INT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a command ended; `document` is what `--json` said, None when that was no JSON."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document on stdout."""
        document: dict[str, Any] = json.loads(self.stdout)
        return document

    def hosts(self) -> dict[str, dict[str, Any]]:
        """The hosts of an audit by name."""
        return {host["name"]: host for host in self.document["hosts"]}

    def verdicts(self) -> dict[str, str]:
        """The verdicts of an audit of one system by clause."""
        return {clause["id"]: clause["verdict"] for clause in self.document["clauses"]}

    def findings(self, host: str) -> dict[str, str]:
        """The verdicts of all checks over one host."""
        parts = [part for clause in self.document["clauses"] for part in clause["parts"]]
        found = [finding for part in parts for finding in part["findings"]]
        return {each["check"]: each["verdict"] for each in found if each["host"] == host}


def host_variables(host: Host, bed: Bed, **changes: object) -> dict[str, object]:
    """The inventory's variables of a host of the bed, signed in to as root."""
    plain: dict[str, object] = {
        "ansible_host": str(host.ipv4),
        "ansible_port": host.port,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(bed.identity),
        "sec_ops_privilege": "root",
    }
    return plain | changes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSite:
    """A site; `prefix` goes before its commands, such as one that enters a namespace."""

    root: Path
    prefix: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def init(self) -> AuditSite:
        """Make the site by the command."""
        done = self._run([PROGRAM, "init", str(self.root), "--json"])
        assert done.code == 0, done.stderr
        return self

    def write(self, path: str, text: str) -> Path:
        """Write a file of the site."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def write_hosts(self, hosts: Mapping[str, Mapping[str, object]], known_hosts: str) -> None:
        """Write the inventory (JSON is YAML) and the host keys that are known."""
        self.write("inventory/hosts.yml", json.dumps({"all": {"hosts": hosts}}, indent=1))
        self.write("inventory/known_hosts", known_hosts)

    def configure(self, **collection: object) -> None:
        """Add settings of collection to the site's configuration."""
        text = (self.root / "sec-ops.yml").read_text()
        self.write("sec-ops.yml", f"{text}\ncollection: {json.dumps(collection)}\n")

    def command(self, *arguments: str) -> list[str]:
        """The command line, from any folder."""
        return [PROGRAM, "--site", str(self.root), *arguments]

    def run(self, *arguments: str, timeout: float = 300) -> Answer:
        """Run a command of the site with `--json` to its end."""
        return self._run(self.command(*arguments, "--json"), timeout)

    def run_text(self, *arguments: str) -> Answer:
        """Run a command of the site as people read it."""
        return self._run(self.command(*arguments))

    def audit(self, *arguments: str, timeout: float = 300) -> Answer:
        """Run an audit of all hosts of the inventory, or what `arguments` say."""
        return self.run("audit", "run", *(arguments or ("--hosts", "all")), timeout=timeout)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command of the site with `--json` that a test will interrupt."""
        return subprocess.Popen(
            [*self.prefix, *INTERRUPTIBLE, *self.command(*arguments, "--json")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
        )

    def runs(self) -> list[Path]:
        """The run folders, oldest first."""
        folder = self.root / "var" / "runs"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def verify(self) -> dict[str, Any]:
        """What `evidence verify` says of the site's log."""
        answer = self.run("evidence", "verify")
        assert answer.code in (0, 3), answer.stdout + answer.stderr
        return answer.document

    def files(self) -> Iterator[bytes]:
        """The content of every file of the site."""
        return (path.read_bytes() for path in self.root.rglob("*") if path.is_file())

    def _run(self, argv: Sequence[str], timeout: float = 300) -> Answer:
        done = subprocess.run(
            [*self.prefix, *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self._environment(),
            check=False,
        )
        return Answer(code=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return {**kept, "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", **self.environment}
