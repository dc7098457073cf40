"""ATT&CK 攻击技术 as rules name it in tags: tactics of the Enterprise matrix, and techniques that got another number.

Source: MITRE ATT&CK v19 (April 2026), https://attack.mitre.org/resources/updates/.
"""

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["REPLACED", "TACTICS", "TECHNIQUE"]

TACTICS: Final = frozenset(
    {
        "reconnaissance",
        "resource-development",
        "initial-access",
        "execution",
        "persistence",
        "privilege-escalation",
        "stealth",
        "defense-impairment",
        "credential-access",
        "discovery",
        "lateral-movement",
        "collection",
        "command-and-control",
        "exfiltration",
        "impact",
    }
)
TECHNIQUE: Final = re.compile(r"t[0-9]{4}(?:\.[0-9]{3})?")
REPLACED: Final[Mapping[str, str]] = {
    "defense-evasion": "stealth, defense-impairment",
    "t1562": "t1685",
    "t1562.001": "t1685",
    "t1562.002": "t1685.001",
    "t1562.003": "t1690",
    "t1562.004": "t1686",
    "t1562.006": "t1685",
    "t1562.007": "t1686.001",
    "t1562.008": "t1685.002",
    "t1562.009": "t1688",
    "t1562.010": "t1689",
    "t1562.011": "t1685.003",
    "t1562.012": "t1685.004",
    "t1562.013": "t1686.002",
    "t1070.001": "t1685.005",
    "t1070.002": "t1685.006",
    "t1656": "t1684.001",
    "t1672": "t1684.002",
    "t1574.002": "t1574.001",
}
"""What a tactic or technique became."""
