"""From what restic said and its exit code to one verdict with its cure. Neither of the two is believed alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sec_ops.backup.restic.events import ItemError
from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.messages import Message, message

__all__ = ["Heard", "Verb", "hopeless", "judge"]


class Verb(StrEnum):
    """What restic is asked to do."""

    BACKUP = "backup"
    CAT = "cat"
    CHECK = "check"
    COPY = "copy"
    DIFF = "diff"
    DUMP = "dump"
    FORGET = "forget"
    INIT = "init"
    KEY = "key"
    LIST = "list"
    LS = "ls"
    PRUNE = "prune"
    RESTORE = "restore"
    SNAPSHOTS = "snapshots"
    STATS = "stats"
    TAG = "tag"
    UNLOCK = "unlock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """All that a call left to judge by; `said` are lines of stderr, `errors` what it said of single items."""

    verb: Verb
    repository: str
    exit_code: int
    expired: bool = False
    exit_error: str = ""
    errors: Sequence[ItemError] = ()
    said: Sequence[str] = ()

    @property
    def text(self) -> str:
        """Return all that was said of faults, the last word first."""
        return "\n".join([self.exit_error, *(f"{each.item}: {each.text}" for each in self.errors), *self.said])


def hopeless(line: str) -> bool:
    """Return whether restic retries what no retry mends: a refusal, a wrong name, a bad certificate."""
    return "retrying after" in line and _HOPELESS.search(line) is not None


def judge(heard: Heard) -> Judged:
    """Return the verdict. The exit codes 10, 11 and 12 decide, then the words, then the other codes."""
    verdict = _by_code(heard) or _by_words(heard) or _by_rest(heard)
    if verdict is Verdict.OK:
        return Judged(verdict=verdict, what=message("done"))
    what, advice = _TEXTS[verdict]
    return Judged(
        verdict=verdict,
        what=Message(what.text, {"repository": heard.repository, "verb": heard.verb.value}),
        why=_why(heard),
        advice=Message(advice.text, {"repository": heard.repository}),
        paths=_paths(heard) if verdict is Verdict.PARTIAL else (),
    )


def _by_code(heard: Heard) -> Verdict | None:
    return _CODES.get(heard.exit_code)


def _by_words(heard: Heard) -> Verdict | None:
    """Return what the words say; a success may only be doubted by words that name something left undone."""
    if heard.exit_code == 0:
        return _doubt(heard)
    if heard.exit_code == _INCOMPLETE and heard.verb is Verb.BACKUP:
        return Verdict.PARTIAL
    text = heard.text
    return next((verdict for pattern, verdict in _WORDS if pattern.search(text)), None)


def _doubt(heard: Heard) -> Verdict | None:
    text = heard.text
    if heard.verb is Verb.BACKUP and (_SKIPPED.search(text) or heard.errors):
        return Verdict.PARTIAL
    if heard.verb in _CHANGING and _REFUSED.search(text):
        return Verdict.REFUSED
    if heard.verb in (Verb.CHECK, Verb.RESTORE) and heard.errors:
        return Verdict.DAMAGED
    if heard.verb in (Verb.FORGET, Verb.TAG) and _IGNORED.search(text):
        return Verdict.FAILED
    return None


def _by_rest(heard: Heard) -> Verdict:
    if heard.exit_code == 0:
        return Verdict.OK
    if heard.exit_code == _INCOMPLETE and heard.verb in _CHANGING:
        return Verdict.REFUSED
    # 130 is also what a failed dump command leaves, so only our own deadline and signals count as interruption.
    if heard.expired or heard.exit_code < 0:
        return Verdict.INTERRUPTED
    return Verdict.FAILED


def _why(heard: Heard) -> str:
    """Return the words of a dump's own program first, then restic's, each thing said once."""
    lines = [heard.exit_error, *(each.text for each in heard.errors[:_SHOWN]), *heard.said[-_SHOWN:]]
    clean = [line.strip() for line in lines if line.strip()]
    own = [line[found.end() :] for line in clean if (found := _OWN_PROGRAM.match(line))]
    rest = [line for line in clean if not _OWN_PROGRAM.match(line)]
    said: list[str] = []
    for line in (*own, *rest):
        if not any(line in each for each in said):
            said.append(line)
    return "\n".join(said)[:_SHOWN_CHARACTERS]


def _paths(heard: Heard) -> tuple[str, ...]:
    skipped = (found[1] for line in heard.said if (found := _SKIPPED.search(line)))
    return tuple(dict.fromkeys([*(each.item for each in heard.errors if each.item), *skipped]))


_SHOWN = 5
_SHOWN_CHARACTERS = 2000
_OWN_PROGRAM = re.compile(r"subprocess [^:]+: ")
"""What restic puts before each line of a command whose output it saves."""
_INCOMPLETE = 3
_CHANGING = frozenset({Verb.FORGET, Verb.PRUNE, Verb.TAG, Verb.UNLOCK, Verb.KEY, Verb.BACKUP})
_CODES = {10: Verdict.NO_REPOSITORY, 11: Verdict.LOCKED, 12: Verdict.WRONG_KEY}
_SKIPPED = re.compile(r"^(?:(.*)) does not exist, skipping", re.MULTILINE)
_IGNORED = re.compile(r"^Ignoring |no matching ID found|no such file", re.MULTILINE)
_REFUSED = re.compile(
    r"\(40[13]\)|40[13] (?:Forbidden|Unauthorized)|Access ?Denied|SignatureDoesNotMatch|InvalidAccessKeyId"
    r"|access key .{0,40}does not exist|No user exists with the provided access key"
    r"|signature we calculated does not match"
    r"|permission denied|operation not permitted|ObjectLocked|WORM",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"no space left on device|quota exceeded|insufficient storage|\(413\)|\(507\)|StorageFull|SSH_FX_NO_SPACE"
)
_UNREACHABLE = re.compile(
    r"connection refused|no route to host|network is unreachable|i/o timeout|no such host|connection reset|broken pipe"
    r"|server misbehaving|ssh: connect to host|Connection timed out|unable to start the sftp session|deadline exceeded"
    r"|host key verification failed|connection lost|x509:|tls:|\(50[234]\)",
    re.IGNORECASE,
)
_DAMAGED = re.compile(
    r"broken_packs|ciphertext verification failed|does not match id|hash mismatch|wrong hash|invalid data returned"
    r"|repository contains errors|not found in (?:repository|index)|unable to load (?:index|tree|blob)|no such blob"
    r"|pack .{8,64} (?:does not exist|contains|is truncated)|truncated"
    r"|(?:Load|ReadFull)\(<(?:data|index|snapshot|key)/.*(?:no such file|not exist|not found|NoSuchKey|\(404\))"
    r"|decrypting blob .{1,80}failed|config or key .{1,80}(?:damaged|corrupt)",
    re.IGNORECASE,
)
_HOPELESS = re.compile(
    f"{_REFUSED.pattern}|{_FULL.pattern}"
    r"|InvalidBucketName|bucket is not valid|NoSuchBucket|x509:|\(400\)",
    re.IGNORECASE,
)
_WORDS: tuple[tuple[re.Pattern[str], Verdict], ...] = (
    (re.compile(r"wrong password or no key found"), Verdict.WRONG_KEY),
    (re.compile(r"repository is already locked|unable to create lock in backend: .*locked"), Verdict.LOCKED),
    (_FULL, Verdict.FULL),
    (_DAMAGED, Verdict.DAMAGED),
    (_REFUSED, Verdict.REFUSED),
    (_UNREACHABLE, Verdict.UNREACHABLE),
)
_TEXTS: dict[Verdict, tuple[Message, Message]] = {
    Verdict.PARTIAL: (
        message("{repository}: {verb} left something out"),
        message("mend what can't be read, or take it out of the plan, then run it again"),
    ),
    Verdict.FAILED: (
        message("{repository}: {verb} failed"),
        message("read the reason above; nothing of this call counts"),
    ),
    Verdict.LOCKED: (
        message("{repository}: {verb} found the repository locked by another process"),
        message("see who holds it: sec-ops backup locks list {repository}"),
    ),
    Verdict.WRONG_KEY: (
        message("{repository}: the password opens no key of the repository"),
        message("see which keys open it: sec-ops backup keys check {repository}"),
    ),
    Verdict.NO_REPOSITORY: (
        message("{repository}: there is no repository at its location"),
        message("if it is new: sec-ops backup keys init {repository}; else find out who removed it, or mount its disk"),
    ),
    Verdict.UNREACHABLE: (
        message("{repository}: its server can't be reached"),
        message("see that the server and the way to it are up, then run it again"),
    ),
    Verdict.FULL: (
        message("{repository}: no space is left for {verb}"),
        message("make room or make the disk larger, then run it again; what was saved before is sound"),
    ),
    Verdict.DAMAGED: (
        message("{repository}: {verb} found damage in the repository"),
        message(
            "don't prune; restore from another copy; see the damage: sec-ops backup verify {repository} --read all"
        ),
    ),
    Verdict.REFUSED: (
        message("{repository}: the server refused what {verb} asked"),
        message("an append-only repository refuses deletion by design; else correct its credentials"),
    ),
    Verdict.INTERRUPTED: (
        message("{repository}: {verb} was stopped before its end"),
        message("run it again; when it needs longer, raise deadline_minutes of the repository"),
    ),
}
