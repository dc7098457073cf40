"""Hooks: commands of the plan around a backup, each within its deadline; one that fails is told and never ignored."""

from collections.abc import Mapping, Sequence
from typing import Literal

from sec_ops.backup.verdict import Judged, Verdict
from sec_ops.model.backup_plan import Hook
from sec_ops.model.errors import EngineError
from sec_ops.model.messages import message
from sec_ops.model.protocols import RunProgram

__all__ = ["When", "run_hooks"]

When = Literal["before", "after", "failed"]

_SAID = 500
_SHOWN = 80


def run_hooks(
    hooks: Sequence[Hook],
    when: When,
    *,
    run_program: RunProgram,
    environment: Mapping[str, str],
) -> tuple[Judged, ...]:
    """Run the hooks of a moment in their order and return what went wrong with any.

    A `before` that fails ends them there, as nothing may follow it; the others all run.
    """
    failed: list[Judged] = []
    for hook in hooks:
        if hook.when != when:
            continue
        why = _failure(hook, run_program, environment)
        if why is not None:
            failed.append(_judged(hook, why))
            if when == "before":
                break
    return tuple(failed)


def _failure(hook: Hook, run_program: RunProgram, environment: Mapping[str, str]) -> str | None:
    """Return why a hook failed, None when it did not."""
    try:
        done = run_program(list(hook.command), deadline_seconds=hook.deadline_seconds, environment=environment)
    except EngineError as error:
        return "\n".join(filter(None, (str(error.what), error.why)))
    if done.exit_code == 0:
        return None
    said = (done.stderr or done.stdout)[-_SAID:].decode("utf-8", "replace").strip()
    return f"exit {done.exit_code}\n{said}".strip()


def _judged(hook: Hook, why: str) -> Judged:
    what = message("the hook {when} failed: {command}", when=hook.when, command=" ".join(hook.command)[:_SHOWN])
    verdict = Verdict.FAILED if hook.when == "before" else Verdict.PARTIAL
    return Judged(verdict=verdict, what=what, why=why, advice=message("run the hook's command by hand and see"))
