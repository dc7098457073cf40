"""What a host's packet filter does with inbound packets that no rule names (nft(8), iptables-save(8))."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sec_ops.compliance.parsers.files import parse as parse_files

OPTIONS: frozenset[str] = frozenset()
_DEEPEST: Final = 16
_TABLE = re.compile(r"table (\w+) (\S+) \{")
_CHAIN = re.compile(r"chain (\S+) \{")
_HOOK = re.compile(r"type filter hook input priority [^;]+;(?: policy (\w+);)?")
_NFT_VERDICT = re.compile(
    r"(?:(?:counter(?: packets \d+ bytes \d+)?|log(?: (?:prefix \"[^\"]*\"|level \w+|flags \w+|group \d+))*) )*"
    r"(accept|drop|reject(?: with .*)?|(?:jump|goto) \S+|return)(?: comment \".*\")?"
)
_IPTABLES_VERDICT = re.compile(
    r"(?:-m comment --comment (?:\"[^\"]*\"|\S+) )?-[jg] (\S+)(?: --reject-with \S+)?(?: -m comment --comment .*)?"
)
_FAMILIES: Final = {"ip": ("v4",), "ip6": ("v6",), "inet": ("v4", "v6")}
_SSH: Final = 22
_PORTS = re.compile(r"dports?\s+(!=\s*)?(\{[^}]*\}|\S+)")
_ANY_TCP = re.compile(
    r"-A \S+ (?:-s \S+ )?-p tcp(?: -m tcp)? -j ACCEPT|"
    r"(?:ip6? saddr \S+ )?(?:ip protocol|meta l4proto) tcp(?: counter.*)? accept"
)
_SOURCE = re.compile(r"(?:ip6? saddr\s+(?!0\.0\.0\.0/0|::/0)\S+|-s\s+(?!0\.0\.0\.0/0|::/0)\S+)")
# Conditions that hold for any new connection from outside: an accepting rule with nothing else refuses nothing.
_HOLDS_FOR_ALL = re.compile(
    r"(?:-p tcp|-m (?:tcp|state|conntrack)|--(?:ct)?state \S*\bNEW\b\S*|-[sd] (?:0\.0\.0\.0/0|::/0)"
    r"|! -i lo|--dport [01]:65535"
    r"|(?:meta l4proto|ip protocol) tcp|ct state (?:\{[^}]*\bnew\b[^}]*\}|\S*\bnew\b\S*)|iif(?:name)? != \"?lo\"?"
    r"|ip6? saddr (?:0\.0\.0\.0/0|::/0)|tcp dport [01]-65535) "
)


@dataclass(slots=True)
class _Chains:
    """Chains of one table: unconditional verdicts in order, and the policy of those that see inbound packets."""

    verdicts: dict[str, list[str]] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `v4` and `v6` ("drop", or "accept" when nothing refuses the rest) and the rules that let SSH in.

    `ssh_sources` are accepting rules for port 22 with a source address, `ssh_open` those without. `text` has the
    parts `==> /nft <==` (nft list ruleset), `==> /iptables <==` and `==> /ip6tables <==` (`-S`). A packet is refused
    when any one table refuses it. Raises ValueError for a ruleset that isn't understood.
    """
    parts = parse_files(text, {})
    outcome = {"v4": "accept", "v6": "accept"}
    for name, content in parts.items():
        for family, verdict in _nft(content) if name == "/nft" else _iptables(content, name):
            if verdict == "drop":
                outcome[family] = "drop"
    accepting = [line.strip() for content in parts.values() for line in content.split("\n") if _lets_ssh_in(line)]
    return {
        **outcome,
        "tools": sorted(name.removeprefix("/") for name in parts),
        "ssh_sources": [line for line in accepting if _SOURCE.search(line)],
        "ssh_open": [line for line in accepting if not _SOURCE.search(line)],
    }


def _lets_ssh_in(line: str) -> bool:
    """Say whether an accepting rule covers TCP port 22, by itself, in a list or range, or with all other ports."""
    stripped = line.strip()
    if " accept" not in stripped and "-j ACCEPT" not in stripped:
        return False
    ports = _PORTS.search(stripped)
    if ports is None:
        return _ANY_TCP.fullmatch(stripped) is not None
    named = "tcp" in stripped and any(_covers_ssh(part) for part in re.split(r"[{},\s]+", ports[2]))
    return named is not bool(ports[1] or "! --dport" in stripped)


def _covers_ssh(part: str) -> bool:
    low, _, high = part.replace(":", "-").partition("-")
    if not (low.isdecimal() and (high or low).isdecimal() and len(part) <= 11):
        return part == "ssh"
    return int(low) <= _SSH <= int(high or low)


def _nft(content: str) -> list[tuple[str, str]]:
    """Return (v4 or v6, what happens to the rest) for each chain that sees inbound packets."""
    tables: list[tuple[str, _Chains]] = []
    chain = ""
    for line in content.split("\n"):
        stripped = line.strip()
        if table := _TABLE.fullmatch(stripped):
            tables.append((table[1], _Chains()))
        elif begun := _CHAIN.fullmatch(stripped):
            chain = begun[1]
        elif stripped == "}":
            chain = ""
        elif chain and tables:
            _add_nft(tables[-1][1], chain, stripped)
        elif chain:
            raise ValueError("a chain outside of any table")
    return [
        (family, _rest(chains, name, policy, 0))
        for kind, chains in tables
        for name, policy in chains.policies.items()
        for family in _FAMILIES.get(kind, ())
    ]


def _add_nft(chains: _Chains, chain: str, line: str) -> None:
    if hook := _HOOK.fullmatch(line):
        chains.policies[chain] = hook[1] or "accept"
    elif verdict := _NFT_VERDICT.fullmatch(_without_empty_conditions(line, " accept")):
        chains.verdicts.setdefault(chain, []).append(verdict[1])


def _without_empty_conditions(rule: str, accepting: str) -> str:
    return _HOLDS_FOR_ALL.sub("", rule) if accepting in rule else rule


def _iptables(content: str, name: str) -> list[tuple[str, str]]:
    chains = _Chains()
    for line in content.split("\n"):
        words = line.split(None, 2)
        if len(words) == 3 and words[0] == "-P":
            if words[1] == "INPUT":
                chains.policies["INPUT"] = words[2].split()[0].lower()
        elif len(words) == 3 and words[0] == "-A":
            if verdict := _IPTABLES_VERDICT.fullmatch(_without_empty_conditions(words[2], "-j ACCEPT")):
                chains.verdicts.setdefault(words[1], []).append(_spoken(verdict[1], words[2]))
        elif line.strip() and words[0] not in ("-N", "-P"):
            raise ValueError(f"{name}: not a rule: {line[:80]}")
    family = "v6" if name == "/ip6tables" else "v4"
    return [(family, _rest(chains, "INPUT", policy, 0)) for policy in chains.policies.values()]


def _spoken(target: str, rule: str) -> str:
    if target in ("ACCEPT", "DROP", "REJECT", "RETURN"):
        return target.lower()
    return f"{'goto' if '-g ' in rule else 'jump'} {target}"


def _rest(chains: _Chains, chain: str, policy: str, depth: int) -> str:
    """Return drop or accept for a packet that no conditional rule of the chain takes; `policy` is what its end does."""
    if depth > _DEEPEST:
        raise ValueError("its chains go round")
    for verdict in chains.verdicts.get(chain, []):
        word, _, target = verdict.partition(" ")
        if word in ("accept", "drop", "reject"):
            return "accept" if word == "accept" else "drop"
        if word == "return":
            return policy
        if word == "goto":
            return _rest(chains, target, policy, depth + 1)
        inner = _rest(chains, target, "", depth + 1)
        if inner:
            return inner
    return policy
