"""Lockout after failed logins, as the stacks of login and sshd really do it.

Sources: pam_faillock(8), faillock.conf(5), pam_tally2(8). Arguments of the module win over faillock.conf.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sec_ops.compliance.pam_course import course, refuses
from sec_ops.compliance.parsers.files import parse as parse_files
from sec_ops.compliance.parsers.pam import Entry, stacks

OPTIONS: frozenset[str] = frozenset()
_SERVICES: Final = ("login", "sshd", "system-auth", "password-auth")
_CONFIGURATION: Final = "/etc/security/faillock.conf"
_TALLY: Final = ("pam_tally2.so", "pam_tally.so")
_FOR_EVER: Final = 0


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `stacks`: one map for each of login, sshd, system-auth and password-auth that has an auth stack.

    Each has `service`, `module` (empty when nothing locks), `counts` (failures are counted, and a locked account is
    turned away), `deny` (failures, 0 for no limit), `unlock_time` (seconds, 0 for ever), `covers_root`,
    `root_unlock_time` (seconds, 0 for ever). Where the lines of a module differ, the weakest values are given.
    Raises ValueError for numbers that are none and for a configuration file that isn't among the output.
    """
    files = parse_files(text, {})
    present = stacks(files, "auth", _SERVICES)
    return {"stacks": [{"service": name, **_lockout(name, auth, files)} for name, auth in present.items()]}


def _lockout(service: str, auth: Sequence[Entry], files: Mapping[str, str]) -> dict[str, Any]:
    missing = [entry["module"] for entry in auth if entry["control"] == "missing"]
    if missing:
        raise ValueError(f"{service} includes {missing[0]}, which isn't there")
    faillock = [entry for entry in auth if entry["module"] == "pam_faillock.so"]
    tally = [entry for entry in auth if entry["module"] in _TALLY]
    if faillock:
        return {**_faillock(faillock, files), "counts": _counts(auth, _is_authfail) and refuses(auth, _turns_away)}
    if tally:
        return {**_tally(tally), "counts": _counts(auth, _is_tally) and refuses(auth, _is_tally)}
    return {
        "module": "",
        "counts": False,
        "deny": 0,
        "unlock_time": _FOR_EVER,
        "covers_root": False,
        "root_unlock_time": _FOR_EVER,
    }


def _is_tally(entry: Mapping[str, Any]) -> bool:
    return entry["module"] in _TALLY


def _is_authfail(entry: Mapping[str, Any]) -> bool:
    return entry["module"] == "pam_faillock.so" and "authfail" in entry["args"]


def _turns_away(entry: Mapping[str, Any]) -> bool:
    return entry["module"] == "pam_faillock.so" and bool(entry["args"].keys() & {"preauth", "authsucc"})


def _counts(auth: Sequence[Entry], counter: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Return whether a wrong password comes past the module that counts failures."""
    wrong = course(auth, lambda entry: False if entry["module"] == "pam_unix.so" else None)
    return any(counter(auth[place]) for place in wrong.asked)


def _faillock(entries: Sequence[Entry], files: Mapping[str, str]) -> dict[str, Any]:
    lines = [_given(entry["args"], files) for entry in entries if entry["args"].keys() & {"preauth", "authfail"}]
    lines = lines or [_given(entries[0]["args"], files)]
    return {
        "module": "pam_faillock.so",
        **_weakest(lines, deny=3, unlock_time=600),
    }


def _given(arguments: Mapping[str, str], files: Mapping[str, str]) -> dict[str, str]:
    path = arguments.get("conf", _CONFIGURATION)
    if "conf" in arguments and path not in files:
        raise ValueError(f"the settings stand in {path}, which wasn't read")
    return {**_pairs(files.get(path, "")), **arguments}


def _tally(entries: Sequence[Entry]) -> dict[str, Any]:
    lines = [entry["args"] for entry in entries]
    return {"module": entries[0]["module"], **_weakest(lines, deny=0, unlock_time=_FOR_EVER)}


def _weakest(lines: Sequence[Mapping[str, str]], *, deny: int, unlock_time: int) -> dict[str, Any]:
    denies = [_seconds("deny", line.get("deny", deny)) for line in lines]
    unlocks = [_seconds("unlock_time", line.get("unlock_time", unlock_time)) for line in lines]
    roots = [
        _seconds("root_unlock_time", line.get("root_unlock_time", unlock))
        for line, unlock in zip(lines, unlocks, strict=True)
    ]
    return {
        "deny": 0 if 0 in denies else max(denies),
        "unlock_time": _shortest(unlocks),
        "covers_root": all(line.keys() & {"even_deny_root", "root_unlock_time"} for line in lines),
        "root_unlock_time": _shortest(roots),
    }


def _shortest(times: Sequence[int]) -> int:
    return min((time for time in times if time != _FOR_EVER), default=_FOR_EVER)


def _seconds(name: str, value: str | int) -> int:
    if value == "never":
        return _FOR_EVER
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{name} is no number") from None


def _pairs(content: str) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in content.split("\n"))
    parts = (line.partition("=") for line in lines if line)
    return {key.strip(): value.strip() for key, _, value in parts}
