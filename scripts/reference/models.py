"""Pages made from `sec_ops.model`: exit codes, errors, kinds of evidence, the site's configuration."""

import ast
import inspect
from collections.abc import Iterator
from enum import EnumType
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scripts.reference.markdown import code, page, table, words
from sec_ops.inventory import hosts
from sec_ops.model import errors
from sec_ops.model.evidence import KINDS, Entry
from sec_ops.model.fact import FactState
from sec_ops.model.outcome import PRECEDENCE, Outcome
from sec_ops.model.site import SiteConfiguration
from sec_ops.transport.values import Privilege

__all__ = ["configuration_page", "error_classes", "errors_page", "evidence_page", "exit_codes_page", "field_rows"]

_MEANINGS = {
    Outcome.CLEAN: "everything that was asked was done, and nothing is wrong",
    Outcome.FINDINGS: "findings: something is non-compliant, or a signature does not hold",
    Outcome.USAGE: "the command line asks for something that cannot be",
    Outcome.INCOMPLETE: "a host or a fact could not be read, or something not be checked; `manual` never does this",
    Outcome.INVALID: "configuration or content is invalid or not approved; every fault is listed, nothing was run",
    Outcome.ENGINE: "a program or library is missing or failed, or our own disk refuses",
    Outcome.EVIDENCE_BROKEN: "the evidence log or a bundle does not add up",
    Outcome.INTERNAL: "an internal error: a fault of this program, please report it",
    Outcome.INTERRUPTED: "Ctrl-C; what was done is kept",
    Outcome.TERMINATED: "SIGTERM; what was done is kept",
}


def exit_codes_page() -> str:
    """Return the table of exit codes and their precedence."""
    rows = [(str(each.value), code(each.label), _MEANINGS[each]) for each in Outcome]
    order = " · ".join(f"`{each.value}`" for each in PRECEDENCE)
    return page(
        "Exit codes",
        "One table for all commands. The label stands in the list `outcome` of JSON documents.",
        table(("code", "label", "meaning"), rows),
        f"When several hold, the first of these wins: {order}. The list `outcome` names all that hold, worst first.",
        "A script should treat a code it does not know as a failure.",
    )


def error_classes() -> dict[str, type[errors.SecOpsError]]:
    """Return every error class by its machine-readable name."""
    found = (getattr(errors, name) for name in errors.__all__)
    classes = [each for each in found if isinstance(each, type) and issubclass(each, errors.SecOpsError)]
    return {_error_name(each): each for each in classes}


def errors_page() -> str:
    """Return the drawn tree and the names of errors."""
    drawing = (errors.__doc__ or "").partition("\n\n")[2].rstrip()
    rows = [
        (code(name), str(each.outcome.value), words((each.__doc__ or "").partition("\n")[0]))
        for name, each in error_classes().items()
        if each is not errors.SecOpsError
    ]
    return page(
        "Errors",
        "Every error this program raises on purpose, with the exit code it ends with:",
        f"```text\n{drawing}\n```",
        "With `--json` an error is a document of the schema `sec-ops/error`: `error` has `name`, `message`, `where`, "
        "`why`, `next` (the next command) and `faults` (each with file, line, path, message). A host's error in an "
        "audit carries the same name.",
        table(("name", "exit code", "meaning"), rows),
        "A host that had not answered when an audit was interrupted has the error `interrupted`.",
    )


def _error_name(error: type[errors.SecOpsError]) -> str:
    letters = (f"_{letter.lower()}" if letter.isupper() else letter for letter in error.__name__)
    return "".join(letters).lstrip("_").removesuffix("_error")


def evidence_page() -> str:
    """Return the keys of an entry and every kind of evidence with the keys of its data."""
    return page(
        "Kinds of evidence",
        "An entry of `evidence/log/NNNNNN.jsonl` is one canonical JSON line with these keys: "
        + ", ".join(code(name) for name in _entry_keys())
        + ". Its `kind` is versioned and says which keys `data` has. A changed meaning is a new version.",
        *(_kind_section(kind, model) for kind, model in KINDS.items()),
        "What the kinds prove and what they do not: [what the evidence log proves](../explanation/evidence.md).",
    )


def _entry_keys() -> list[str]:
    tree = ast.parse(inspect.cleandoc(inspect.getsource(Entry)))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict)]
    keys = found[-1].value.keys if found and isinstance(found[-1].value, ast.Dict) else []
    return [str(key.value) for key in keys if isinstance(key, ast.Constant)]


def _kind_section(kind: str, model: type[BaseModel]) -> str:
    rows = table(("key", "type", "meaning"), field_rows(model))
    return f"## {kind}\n\n{words(model.__doc__ or '')}\n\n{rows}"


def configuration_page() -> str:
    """Return the keys of `sec-ops.yml`, the host variables and the environment variables."""
    variables = [
        ("sec_ops_privilege", "how facts are read: " + ", ".join(code(each.value) for each in Privilege)),
        ("sec_ops_password", "reference to the login password"),
        ("sec_ops_key_passphrase", "reference to the passphrase of the private key"),
        ("sec_ops_sudo_password", "reference to the password that sudo asks for"),
        ("sec_ops_unit", "id of the unit the host belongs to, where its key systems don't say it"),
    ]
    refused = ", ".join(code(name) for name in sorted(hosts.INLINE_SECRETS))
    states = ", ".join(code(each.value) for each in FactState)
    return page(
        "Configuration",
        "## sec-ops.yml",
        table(("key", "type", "meaning"), _nested_rows(SiteConfiguration)),
        "## Variables of hosts",
        "`inventory/hosts.yml` is an Ansible inventory; `ansible_host`, `ansible_port`, `ansible_user` and "
        "`ansible_ssh_private_key_file` mean what they mean there. Ours:",
        table(("variable", "meaning"), [(code(name), text) for name, text in variables]),
        "A secret is a reference with exactly one key: `file` (only its owner may read it), `env`, `command` or "
        f"`systemd_credential`. These stand for a secret itself and are refused: {refused}.",
        "## Environment variables",
        table(
            ("variable", "meaning"),
            [
                ("`SEC_OPS_SITE`", "the site folder, where `--site` doesn't say it"),
                ("`SEC_OPS_NONCE`", "on a host: the word that a collector handed over echoes in its fact pack"),
                ("`LC_ALL`, `LC_MESSAGES`, `LANG`", "language, where `--lang` doesn't say it"),
                ("`NO_COLOR`", "no colours"),
                ("`CREDENTIALS_DIRECTORY`", "set by systemd; where `systemd_credential` references are read"),
            ],
        ),
        f"States of a fact, as cases and reports name them: {states}.",
    )


def _nested_rows(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel) and inner.__name__ != "Text":
            yield from _nested_rows(inner, f"{prefix}{name}.")
        else:
            yield _row(f"{prefix}{name}", field)


def field_rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and meaning of a model's keys."""
    for name, field in model.model_fields.items():
        yield _row(field.alias or name, field)


def _row(name: str, field: FieldInfo) -> tuple[str, str, str]:
    notes = [words(field.description or "")]
    if field.is_required():
        notes.append("required")
    elif _says_something(field.default):
        default = getattr(field.default, "value", field.default)
        notes.append(f"default `{str(default).lower() if isinstance(default, bool) else default}`")
    return code(name), code(type_words(field.annotation)), "; ".join(note for note in notes if note)


def _says_something(default: object) -> bool:
    return isinstance(default, str | int | float) and default != ""


def type_words(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    """Return a type in a few words: `text`, `list of text`, `map`, the values of an enumeration."""
    origin, inner = get_origin(annotation), [each for each in get_args(annotation) if each is not NoneType]
    if origin is Literal or isinstance(annotation, EnumType):
        values = inner if origin is Literal else [each.value for each in annotation]
        return " / ".join(str(each) for each in values)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(type_words(each) for each in inner))
    if origin in (tuple, list):
        return f"list of {type_words(inner[0])}"
    if origin is dict:
        return "map"
    if hasattr(annotation, "__metadata__"):
        return type_words(inner[0])
    plain = {
        "str": "text",
        "int": "integer",
        "bool": "true or false",
        "float": "number",
        "Text": "{zh, en}",
        "Any": "anything",
        "Decimal": "number",
        "datetime": "moment",
    }
    name = getattr(annotation, "__name__", str(annotation))
    return plain.get(name, name)
