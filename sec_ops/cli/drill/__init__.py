"""`sec-ops drill`: one module of this folder a verb, found by its name."""

from sec_ops.cli.lazy import noun_of, verbs_in
from sec_ops.runtime.language import gettext as _

VERBS = verbs_in(__name__, __path__)

app = noun_of(VERBS, _("Rehearse the bad day: key systems come back in a sandbox, proved, measured and judged."))
