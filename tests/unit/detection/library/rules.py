"""Rules to test with: short ones, in as many layers as wanted."""

import secrets
from pathlib import Path

from sec_ops.detection.library.files import IMPORTED
from sec_ops.detection.library.placing import place, release_of
from sec_ops.detection.library.unpacking import Unpacked
from sec_ops.runtime.clock import SystemClock

FIRST = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"
THIRD = "33333333-3333-4333-8333-333333333333"


def rule(identity: str, title: str = "A rule", *, value: str = "mimikatz", more: str = "", level: str = "high") -> str:
    """Return a rule that looks for a value in command lines."""
    return f"""\
title: {title}
id: {identity}
status: test
level: {level}
tags: [attack.credential-access, attack.t1003.001]
logsource: {{product: windows, category: process_creation}}
detection:
  selection:
    CommandLine|contains: {value}
  condition: selection
{more}"""


def exception(*rules: str, value: str = "backup") -> str:
    """Return a filter that lets command lines with a value pass for the rules named."""
    return f"""\
title: Our backup
id: 99999999-9999-4999-8999-999999999999
logsource: {{product: windows, category: process_creation}}
filter:
  rules: [{", ".join(rules)}]
  ours:
    CommandLine|contains: {value}
  condition: not ours
"""


def put(root: Path, name: str, text: str | bytes) -> Path:
    """Write a file below a folder."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def release(site: Path, name: str, files: dict[str, str]) -> Path:
    """Put a release into force in a site, as an import does; return the folder of its files."""
    contents = Unpacked(
        files={path: text.encode() for path, text in files.items()}, left_out=(), others=0, sha256="0" * 64
    )
    made = release_of(
        name, Path("sigma.zip"), contents, clock=SystemClock(), randomness=secrets.token_bytes, account="tester"
    )
    place(site, made, contents)
    return site / IMPORTED / name / made.folder
