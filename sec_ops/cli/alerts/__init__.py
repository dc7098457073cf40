"""`sec-ops alerts`: one module of this folder a verb, found by its name (`list_.py` is `list`)."""

from sec_ops.cli.lazy import noun_of, verbs_in
from sec_ops.runtime.language import gettext as _

app = noun_of(
    verbs_in(__name__, __path__), _("Work through alerts: which there are, what led to them, what became of them.")
)
