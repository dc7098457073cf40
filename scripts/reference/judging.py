"""What judging stands on: parsers, CEL functions, the shipped checks and what they decide."""

import inspect
from collections import Counter
from importlib import import_module

from scripts.reference.markdown import code, page, table, words
from sec_ops.compliance import expression, parsers
from sec_ops.content.kinds import CHECKS, CLAUSES, PROBES
from sec_ops.content.library import Library
from sec_ops.model.check import Check, Probe
from sec_ops.model.clause import Method, RequirementSet

__all__ = ["checks_page", "expressions_page", "function_names", "parsers_page"]

_EXAMPLES = {
    "": (
        'size("abc") == 3',
        '"permitrootlogin no".startsWith("permit")',
        '"yescrypt".matches("^(yescrypt|sha512)$")',
        "[1, 2].all(n, n > 0)",
        '["a", "b"].exists(x, x == "b")',
        '["a", "bb"].filter(x, size(x) > 1)',
        '["a", "b"].map(x, x + "!")',
        'has({"a": 1}.b)',
        '"b" in {"a": 1}',
    ),
    "strings": (
        '"a,b".split(",")',
        '["a", "b"].join(" ")',
        '" x ".trim()',
        '"aB".lowerAscii()',
        '"a-b".replace("-", "_")',
    ),
    "lists": ("[3, 1].sort()", '["b", "a", "b"].distinct()', "[[1], [2]].flatten()", "[1, 2].sum()"),
    "sets and maths": (
        "sets.contains([1, 2], [1])",
        "sets.intersects([1], [2])",
        "math.greatest(1, 2)",
        "math.bitAnd(6, 3)",
    ),
    "ours": ('to_int("90", 0)', 'to_int("never", 0)', 'octal("640")', 'bits(octal("4755"), octal("6000"))'),
}


def parsers_page() -> str:
    """Return the parsers with their options and the shape of what they return."""
    sections = [_parser_section(name) for name in sorted(parsers.parser_names())]
    return page(
        "Parsers of facts",
        "A probe says `parse: <parser>` or `parse: {<parser>: {<option>: …}}`. What the parser returns is what a check "
        "sees as `fact.<probe>`; a fact that is absent is `null`. A parser that does not understand the text makes the "
        "check undetermined. Add one: [how-to](../how-to/add-a-parser.md).",
        *sections,
    )


def _parser_section(name: str) -> str:
    module = import_module(f"{parsers.__name__}.{name}")
    options = getattr(module, "OPTIONS", None)
    known = "any" if options is None else ", ".join(code(each) for each in sorted(options)) or "none"
    returns = words(inspect.getdoc(module.parse) or "").replace("\\|", "|")
    return f"## {name}\n\n{words(module.__doc__ or '')}\n\n{returns}\n\nOptions: {known}."


def expressions_page() -> str:
    """Return names and functions of CEL expressions, each example evaluated here and now."""
    rows = [
        (group if number == 0 else "", code(each), f"`{_shown(expression.evaluate(each, expression.scope_of({})))}`")
        for group, examples in _EXAMPLES.items()
        for number, each in enumerate(examples)
    ]
    names = sorted(function_names())
    return page(
        "Expressions of checks",
        "Checks speak CEL, the [Common Expression Language](https://cel.dev). Names: `fact.<probe>`, "
        "`param.<parameter>`, and " + ", ".join(f"`host.{name}`" for name in sorted(expression.HOST_NAMES)) + ".",
        "An expression that comes to no true or false (a missing key, a wrong type) makes the check undetermined, "
        "never compliant. Unknown names and functions are faults of `sec-ops content lint`.",
        table(("group", "expression", "value"), rows),
        "Patterns of `matches` are RE2: no look-around, no back references, linear time; they match anywhere unless "
        "anchored.",
        "Functions of our own: `to_int(text, default)` reads an integer of at most 18 digits or gives the default; "
        "`octal(text)` reads a file mode; `bits(mode, mask)` is the bitwise and.",
        "All functions: " + ", ".join(code(name) for name in names) + ".",
    )


def function_names() -> set[str]:
    """Return the functions that authors may use; a name with `re2` is `matches` in the engine's own disguise."""
    return {name for name in expression.FUNCTION_NAMES if not name.startswith("re2_")}


def _shown(value: object) -> str:
    if isinstance(value, expression.Failed):
        return f"no value: {value.why}"
    return str(value).replace("True", "true").replace("False", "false").replace("'", '"')


def checks_page() -> str:
    """Return the shipped checks and, clause by clause, what they decide at level 3."""
    library = Library.open(None)
    checks = {name: loaded.value for name, loaded in library.objects(CHECKS).items()}
    rows = [_check_row(checks[name]) for name in sorted(checks)]
    return page(
        "Checks",
        f"{len(checks)} shipped checks when this page was made; `sec-ops content list checks` is always current.",
        table(("id", "标题", "title", "decides", "severity", "verified on"), rows),
        "“Verified on” names platforms where, on a real system, the check was seen to fail on a broken setting and to "
        "pass on a mended one; elsewhere a report says that it was not. A check without parts is information "
        "and moves no verdict.",
        _coverage(library, checks),
        _probes(library, checks),
    )


def _check_row(check: Check) -> tuple[str, ...]:
    decides = ", ".join(check.decides) or "–"
    if check.person_decides:
        decides += " (a person decides)"
    verified = ", ".join(check.verified_on) or "–"
    return code(check.id), words(check.title.zh), words(check.title.en), decides, check.severity.value, verified


def _coverage(library: Library, checks: dict[str, Check]) -> str:
    decided = {part for check in checks.values() if check.affects_verdict for part in check.decides}
    clauses = [
        loaded.value
        for loaded in library.objects(CLAUSES).values()
        if loaded.value.level == 3 and loaded.value.requirement_set is RequirementSet.GENERAL
    ]
    parts = [part for clause in clauses for part in clause.parts]
    touched = [clause.id for clause in clauses if any(part.id in decided for part in clause.parts)]
    by_method = {method: [part for part in parts if part.method is method] for method in Method}
    rows = [
        (method.value, str(len(found)), str(sum(part.id in decided for part in found)))
        for method, found in by_method.items()
    ]
    summary = (
        f"Of {len(clauses)} general clauses, {len(touched)} have a part that a check speaks to; every other part waits "
        "for a person or for evidence of another kind. Deciding a part never decides the parts beside it."
    )
    return "\n\n".join(
        [
            "## What they decide at level 3",
            summary,
            table(("method of the part", "parts", "with a check"), rows),
            "Clauses with such a part: " + ", ".join(touched) + ".",
        ]
    )


def _probes(library: Library, checks: dict[str, Check]) -> str:
    """Return the shared probes, so that a new check reads what is read already."""
    shared: dict[str, Probe] = {name: loaded.value for name, loaded in library.objects(PROBES).items()}
    users = Counter(probe for check in checks.values() for probe in check.probe if isinstance(probe, str))
    rows = [
        (code(name), code(parsers.parser_of(probe)[0]), words(probe.title.en if probe.title else ""), str(users[name]))
        for name, probe in sorted(shared.items())
    ]
    head = "## Shared probes\n\nFacts that several checks read; the parser says what `fact.<probe>` looks like."
    return f"{head}\n\n{table(('probe', 'parser', 'reads', 'checks'), rows)}"
