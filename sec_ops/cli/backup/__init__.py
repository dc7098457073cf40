"""`sec-ops backup`: one module of this folder a verb, found by its name (`import_.py` is `import`)."""

from sec_ops.cli.lazy import noun_of, verbs_in
from sec_ops.runtime.language import gettext as _

VERBS = verbs_in(__name__, __path__)

app = noun_of(VERBS, _("Back up key systems across sites, and prove that the backups can be used."))
