"""`sec-ops logs`: one module of this folder a verb, found by its name (`import_.py` is `import`)."""

from sec_ops.cli.lazy import noun_of, verbs_in
from sec_ops.runtime.language import gettext as _

app = noun_of(verbs_in(__name__, __path__), _("Take in logs, keep them, search them, and see which are missing."))
