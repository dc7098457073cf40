"""Password quality and history as the stacks that change passwords really ask for them.

Sources: pwquality.conf(5), pam_pwquality(8), pam_cracklib(8), pam_pwhistory(8), pam_unix(8). The library reads
pwquality.conf.d/*.conf in the order of their names, then pwquality.conf; arguments of the module win over both.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sec_ops.compliance.pam_course import refuses
from sec_ops.compliance.parsers.files import parse as parse_files
from sec_ops.compliance.parsers.pam import Entry, stacks

OPTIONS: frozenset[str] = frozenset()
_SERVICES: Final = ("passwd", "login", "sshd", "system-auth", "password-auth")
_MAIN: Final = "/etc/security/pwquality.conf"
_HISTORY: Final = "/etc/security/pwhistory.conf"
_QUALITY: Final = ("pam_pwquality.so", "pam_cracklib.so")
# They judge by rules of their own, which are not read here.
_FOREIGN: Final = ("pam_passwdqc.so", "pam_deepin_pw_check.so")
_PAM_DEFAULTS: Final = {"minlen": 8, "difok": 1, "dcredit": 0, "ucredit": 0, "lcredit": 0, "ocredit": 0}
_CRACKLIB_DEFAULTS: Final = {"minlen": 9, "difok": 5, "dcredit": 1, "ucredit": 1, "lcredit": 1, "ocredit": 1}
_COMMON: Final = {"minclass": 0, "maxrepeat": 0, "usercheck": 1, "dictcheck": 1, "enforcing": 1}
_FLAGS: Final = ("enforce_for_root", "local_users_only")
_CREDITS: Final = ("dcredit", "ucredit", "lcredit", "ocredit")
_HASHES: Final = ("md5", "bigcrypt", "sha256", "sha512", "blowfish", "gost_yescrypt", "yescrypt", "sm3")


def parse(text: str, options: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001 - one signature for all parsers
    """Return `stacks`: a map for each of passwd, login, sshd, system-auth and password-auth that has a password stack.

    Each has `service`, `module` (empty when there is no quality module), `known` (its rules are understood),
    `enforced` (it stops a bad password, before pam_unix), the effective `minlen, minclass, difok, maxrepeat,
    usercheck, dictcheck, enforcing` and credits, `effective_length` (minlen less the positive credits), `classes`
    (kinds of characters it insists on), `enforce_for_root`, `local_users_only` (0 or 1), `explicit` (names that are
    set anywhere), `remember` (passwords kept, 0 for none) and `hash` (what pam_unix is told to use, else empty).
    `text` is `show_all` of the PAM folder and the files named above. Raises ValueError for numbers that are none.
    """
    files = parse_files(text, {})
    settings, history = _settings(files), _pairs(files.get(_HISTORY, ""))
    passwords = stacks(files, "password", _SERVICES)
    return {"stacks": [_stack(name, entries, settings, history) for name, entries in passwords.items()]}


def _settings(files: Mapping[str, str]) -> dict[str, str]:
    drop_ins = sorted(path for path in files if path.startswith(f"{_MAIN}.d/"))
    found: dict[str, str] = {}
    for path in [*drop_ins, _MAIN]:
        found |= _pairs(files.get(path, ""))
    return found


def _pairs(content: str) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in content.split("\n"))
    parts = (line.partition("=") if "=" in line else line.partition(" ") for line in lines if line)
    return {key.strip(): value.strip() for key, _, value in parts}


def _stack(service: str, entries: Sequence[Entry], settings: Mapping[str, str], history: Mapping[str, str]) -> Entry:
    missing = [entry["module"] for entry in entries if entry["control"] == "missing"]
    if missing:
        raise ValueError(f"{service} includes {missing[0]}, which isn't there")
    place, quality = _quality(entries)
    values = _values(quality, settings) if quality else _values(None, {})
    return {
        "service": service,
        "module": quality["module"] if quality else "",
        "known": quality is None or quality["module"] in _QUALITY,
        "enforced": quality is not None and _stops(entries, place) and _is_on(values),
        **values,
        "remember": max(_remembered(entries, history), default=0),
        "hash": _hash(entries),
    }


def _quality(entries: Sequence[Entry]) -> tuple[int, Entry | None]:
    for place, entry in enumerate(entries):
        if entry["module"] in (*_QUALITY, *_FOREIGN):
            return place, entry
    return len(entries), None


def _place_of_unix(entries: Sequence[Entry]) -> int:
    return next((place for place, entry in enumerate(entries) if entry["module"] == "pam_unix.so"), len(entries))


def _stops(entries: Sequence[Entry], place: int) -> bool:
    """Return whether the stack fails, and hasn't set a password yet, when the module at `place` refuses."""
    return place < _place_of_unix(entries) and refuses(entries, lambda entry: entry is entries[place])


def _is_on(values: Mapping[str, Any]) -> bool:
    return bool(values["enforcing"])


def _values(quality: Entry | None, settings: Mapping[str, str]) -> dict[str, Any]:
    cracklib = quality is not None and quality["module"] == "pam_cracklib.so"
    given = {**({} if cracklib else settings), **(quality["args"] if quality else {})}
    defaults = {**_COMMON, **(_CRACKLIB_DEFAULTS if cracklib else _PAM_DEFAULTS)}
    numbers = {name: _number(name, given.get(name, default)) for name, default in defaults.items()}
    granted = [numbers[name] for name in _CREDITS]
    return {
        **numbers,
        **{flag: int(flag in given) for flag in _FLAGS},
        "effective_length": numbers["minlen"] - sum(credit for credit in granted if credit > 0),
        "classes": max(numbers["minclass"], sum(credit < 0 for credit in granted)),
        "explicit": sorted(given.keys() & {*defaults, *_FLAGS}),
    }


def _number(name: str, value: str | int) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError(f"{name} is no number") from None


def _remembered(entries: Sequence[Entry], history: Mapping[str, str]) -> Iterator[int]:
    for place, entry in enumerate(entries):
        if entry["module"] == "pam_pwhistory.so" and _stops(entries, place):
            yield _number("remember", entry["args"].get("remember", history.get("remember", 10)))
        elif entry["module"] == "pam_unix.so":
            yield _number("remember", entry["args"].get("remember", 0))


def _hash(entries: Sequence[Entry]) -> str:
    flags = [name for entry in entries if entry["module"] == "pam_unix.so" for name in entry["args"] if name in _HASHES]
    return flags[-1] if flags else ""
