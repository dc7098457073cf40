"""What `content lint` tells of a site's exceptions: filters that can't be read, so that rules find what they shouldn't.

Rules themselves are judged with their cases, in `workflows.rule_lint`.
"""

from collections.abc import Iterator, Sequence

from sec_ops.content.layer import shown_path
from sec_ops.content.library import Library, LintRule
from sec_ops.detection.library.files import site_files
from sec_ops.detection.placeholders import load_placeholders
from sec_ops.detection.sigma.reading import RuleText, read_rules
from sec_ops.model.errors import Fault

__all__ = ["RULES"]


def _filters(library: Library) -> Iterator[Fault]:
    if library.site_root is None:
        return
    filters = [each for each in site_files(library.site_root).documents if each.is_filter]
    texts = [RuleText(path=each.path, data=each.data) for each in filters]
    for refused in read_rules(texts, load_placeholders(library)).refused:
        file, mark, number = refused.path.partition("#")
        shown = f"{shown_path(library.site_root / file)}{mark}{number}"
        yield Fault(file=shown, line=0, path="", message=refused.reason)


RULES: Sequence[LintRule] = (_filters,)
"""The rules of this room."""
