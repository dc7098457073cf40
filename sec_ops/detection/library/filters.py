"""What exceptions (Sigma filters) name, so that one that names a rule nobody has any more is pointed out."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from sec_ops.content.yaml_reader import read_yaml
from sec_ops.detection.library.documents import Document
from sec_ops.model.errors import ContentInvalid
from sec_ops.model.messages import Message, message

__all__ = ["idle", "named"]


def named(document: Document) -> tuple[str, ...]:
    """Return the ids and names of rules a filter is for; none for one that is for any, or that can't be read."""
    try:
        body = read_yaml(document.data, document.path).value
    except ContentInvalid:
        return ()  # whoever reads the rules tells what is wrong with it
    wanted = body.get("filter") if isinstance(body, Mapping) else None
    rules = wanted.get("rules") if isinstance(wanted, Mapping) else None
    if isinstance(rules, str):
        return () if rules.lower() == "any" else (rules,)
    return tuple(str(each) for each in rules) if isinstance(rules, list) else ()


def idle(filters: Iterable[Document], known: Collection[str]) -> Iterator[Message]:
    """Yield what to tell of filters that name rules not among the ids and names that are `known`."""
    for document in filters:
        for name in named(document):
            if name not in known and name.lower() not in known:
                what = message("{path}: the exception names {rule}, which no rule is", path=document.path, rule=name)
                yield what
