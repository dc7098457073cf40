"""JSON documents: every `emit("sec-ops/…", …)` of the command line, with the keys that can be read off the source."""

import ast
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from scripts.reference.markdown import code, page, table
from sec_ops.evidence import verify
from sec_ops.model.audit import AuditedHost

__all__ = ["documents", "documents_page"]

COMMANDS = Path(__file__).parents[2] / "sec_ops" / "cli"


@dataclass(slots=True)
class _Keys:
    """Keys of a body; `open` when some of it is made elsewhere."""

    names: list[str] = field(default_factory=list)
    open: bool = False

    def add(self, other: "_Keys") -> "_Keys":
        self.names += [name for name in other.names if name not in self.names]
        self.open = self.open or other.open
        return self


def documents_page() -> str:
    """Return the page of JSON documents."""
    rows = [(code(schema), code(module), _shown(keys)) for schema, (module, keys) in documents().items()]
    return page(
        "JSON documents",
        "`--json` gives one document on stdout. Each has `schema`, `version` and `outcome` (labels of "
        "[exit codes](exit_codes.md), worst first). Keys stay; more may be added. Durations are integers in `*_ms`, "
        "times RFC 3339 in UTC, digests lower-case hex. Further keys depend on what was asked where “…” stands.",
        table(("schema", "made in", "keys"), rows),
        _audit_parts(),
        "The keys of `sec-ops/error` are told with the [errors](errors.md). `--jsonl` gives lines as things happen, "
        f"each with its `message_type`: {', '.join(code(name) for name in message_types())}. `host` comes when a host "
        "of an audit is done; the last line, `document`, is the document above.",
        "`sec-ops/evidence-verify` is what `verify.py --json` prints as well.",
    )


def documents() -> dict[str, tuple[str, _Keys]]:
    """Return schema to the module that emits it and its keys, by schema."""
    found: dict[str, tuple[str, _Keys]] = {}
    for path in sorted(COMMANDS.rglob("*.py")):
        reader = _Reader(ast.parse(path.read_text(encoding="utf-8")))
        for schema, keys in reader.emitted():
            known = found.setdefault(schema, (f"cli/{path.relative_to(COMMANDS)}", _Keys()))
            known[1].add(keys)
    found["sec-ops/evidence-verify"] = ("evidence/verify.py", _Keys(_verifier_keys()))
    audit = _audit_reader().returned("audit_document")
    found |= {f"sec-ops/audit-{verb}": ("reports/json.py", audit) for verb in ("run", "show")}
    spoken = _Reader(ast.parse((COMMANDS.parent / "notify" / "spoken.py").read_text(encoding="utf-8")))
    found["sec-ops/notice"] = ("notify/spoken.py", spoken.returned("document"))
    found["sec-ops/error"] = ("cli/failure.py", _Keys(["error"]))
    return dict(sorted(found.items()))


def message_types() -> list[str]:
    """Return the message types that commands write with `--jsonl`."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(COMMANDS.rglob("*.py"))]
    calls = [each for tree in trees for node in _functions(tree).values() for each in _calls(node, "line")]
    return sorted({str(name.value) for name, _ in calls if isinstance(name, ast.Constant)})


def _audit_reader() -> "_Reader":
    return _Reader(ast.parse((COMMANDS.parent / "reports" / "json.py").read_text(encoding="utf-8")))


def _audit_parts() -> str:
    """Return the keys of what stands in the lists of an audit's document."""
    reader = _audit_reader()
    made = {"systems[]": "_system", "clauses[]": "_clause", "clauses[].parts[].findings[]": "_finding"}
    rows = [(code(where), _shown(reader.returned(name))) for where, name in made.items()]
    rows.insert(1, ("`hosts[]`", _shown(_Keys(list(AuditedHost.model_fields)))))
    return table(("in an audit", "keys"), rows)


def _verifier_keys() -> list[str]:
    """Return the keys of the stand-alone verifier's report, by letting it look at a file that is no bundle."""
    with tempfile.NamedTemporaryFile() as file:
        report = verify.verify(file.name, ()).report()
    return [name for name in report if name not in ("schema", "version", "outcome")]


def _shown(keys: _Keys) -> str:
    return ", ".join([*(code(name) for name in keys.names), *(["…"] if keys.open else [])])


class _Reader:
    """Finds what a module emits and follows its bodies through names and functions of the module."""

    def __init__(self, tree: ast.Module) -> None:
        self.own = _functions(tree)
        self.functions = _shared_functions() | self.own

    def returned(self, name: str) -> _Keys:
        """Return the keys of what a function of the module returns."""
        return self._returned(self.functions[name], 0)

    def emitted(self) -> Iterator[tuple[str, _Keys]]:
        """Yield schema and keys of each call of `emit`, or of a function that hands a literal schema on to it."""
        for function in self.own.values():
            for schema, body in _calls(function, "emit"):
                if isinstance(schema, ast.Constant) and str(schema.value).startswith("sec-ops/"):
                    yield str(schema.value), self._keys(body, function, 0)
                elif isinstance(schema, ast.Name) and function.args.args and schema.id == function.args.args[0].arg:
                    keys = self._keys(body, function, 0)
                    yield from ((handed, keys) for handed in self._handed_to(function.name))

    def _handed_to(self, name: str) -> Iterator[str]:
        for function in self.functions.values():
            for schema, _ in _calls(function, name):
                if isinstance(schema, ast.Constant):
                    yield str(schema.value)

    def _keys(self, node: ast.expr, function: ast.FunctionDef, depth: int) -> _Keys:
        if isinstance(node, ast.Dict):
            return self._literal(node, function, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self._keys(node.left, function, depth).add(self._keys(node.right, function, depth))
        if isinstance(node, ast.Name) and depth < 4:
            return self._assigned(node.id, function, depth + 1)
        if isinstance(node, ast.Call) and _name(node.func) in self.functions and depth < 4:
            return self._returned(self.functions[_name(node.func)], depth + 1)
        return _Keys(open=True)

    def _literal(self, node: ast.Dict, function: ast.FunctionDef, depth: int) -> _Keys:
        keys = _Keys()
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                keys.add(self._keys(value, function, depth))
            elif isinstance(key, ast.Constant):
                keys.add(_Keys([str(key.value)]))
            else:
                keys.open = True
        return keys

    def _assigned(self, name: str, function: ast.FunctionDef, depth: int) -> _Keys:
        keys, met = _Keys(), False
        for node in ast.walk(function):
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
                if isinstance(target, ast.Name) and target.id == name and value is not None:
                    keys.add(self._keys(value, function, depth))
                    met = True
                elif (
                    isinstance(target, ast.Subscript)
                    and _name(target.value) == name
                    and isinstance(target.slice, ast.Constant)
                ):
                    keys.add(_Keys([str(target.slice.value)]))
        return keys if met else _Keys(open=True)

    def _returned(self, function: ast.FunctionDef, depth: int) -> _Keys:
        keys = _Keys()
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and node.value is not None:
                keys.add(self._keys(node.value, function, depth))
        return keys


def _functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@cache
def _shared_functions() -> dict[str, ast.FunctionDef]:
    """Return the public functions of all command modules, which others call."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(COMMANDS.rglob("*.py"))]
    return {name: node for tree in trees for name, node in _functions(tree).items() if not name.startswith("_")}


def _calls(function: ast.FunctionDef, name: str) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield the first two arguments of each call of that name."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _name(node.func) == name and len(node.args) > 1:
            yield node.args[0], node.args[1]


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
