"""What a rule says of itself: pySigma's checks of Sigma's keys, and our own block `sec_ops`."""

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field, ValidationError
from sigma.rule import SigmaRule

from sec_ops.content.model_faults import model_faults
from sec_ops.content.yaml_reader import Document
from sec_ops.detection.rule import Header, Level
from sec_ops.detection.sigma.documents import Definition
from sec_ops.detection.sigma.faults import RuleFault, combined, reading
from sec_ops.model.messages import Message, message
from sec_ops.model.values import NonEmpty, Value

__all__ = ["header_of", "identity"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class _Chinese(Value):
    zh: NonEmpty


class _ChineseList(Value):
    zh: tuple[NonEmpty, ...]


class _Alert(Value):
    by: tuple[NonEmpty, ...] = ()
    span: str = Field(default="1h", pattern=r"^[1-9][0-9]{0,5}[smhd]$")

    @property
    def span_s(self) -> int:
        return int(self.span[:-1]) * _UNITS[self.span[-1]]


class _Block(Value):
    title: _Chinese | None = None
    description: _Chinese | None = None
    falsepositives: _ChineseList | None = None
    runbook: str = ""
    alert: _Alert = _Alert()


def identity(value: dict[str, Any]) -> tuple[str, str]:
    """Return the id and title of a document as far as it has them."""
    return _text(value.get("id")), _text(value.get("title"))


def header_of(definition: Definition, path: str) -> Header:
    """Return the header of a rule, correlation or filter; raises RuleFault with all its faults.

    A rule without an id is given one that follows from its title; without a level it is `medium`.
    """
    reasons: list[Message] = []
    with reading():
        given, errors = SigmaRule.from_dict_common_params(definition.value, collect_errors=True)
    reasons += [message("pySigma: {reason}", reason=str(error)) for error in errors]
    block = _block(definition.value.get("sec_ops", {}), reasons)
    if reasons:
        raise RuleFault(combined(reasons))
    return _header(given, block, definition.digest, path)


def _header(given: dict[str, Any], block: _Block, digest: str, path: str) -> Header:
    title, level = given["title"], given["level"]
    return Header(
        id=str(given["id"] or uuid5(NAMESPACE_URL, f"sigma:{title}")),
        name=given["name"] or "",
        title={"en": title} | _spoken(block.title),
        level=Level(str(level)) if level else Level.MEDIUM,
        status=str(given["status"] or ""),
        description=({"en": given["description"]} if given["description"] else {}) | _spoken(block.description),
        false_positives={"en": _texts(given["falsepositives"])}
        | ({"zh": block.falsepositives.zh} if block.falsepositives else {}),
        tags=tuple(map(str, given["tags"])),
        references=_texts(given["references"]),
        author=given["author"] or "",
        runbook=block.runbook,
        alert_by=block.alert.by,
        alert_span_s=block.alert.span_s,
        digest=digest,
        path=path,
    )


def _block(value: object, reasons: list[Message]) -> _Block:
    try:
        return _Block.model_validate(value)
    except ValidationError as error:
        found = Document(file="", value={"sec_ops": value}, lines={}, key_lines={})
        faults = model_faults(error, found, ("sec_ops",), _Block)
        reasons += [message("{place}: {reason}", place=fault.path, reason=fault.message) for fault in faults]
        return _Block()


def _spoken(text: _Chinese | None) -> dict[str, str]:
    return {"zh": text.zh} if text else {}


def _texts(values: list[object] | None) -> tuple[str, ...]:
    return tuple(str(value) for value in values or () if value is not None)


def _text(value: object) -> str:
    return str(value)[:256] if isinstance(value, str | int | float) else ""
