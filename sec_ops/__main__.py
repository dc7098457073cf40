"""`python -m sec_ops` is `sec-ops`."""

from sec_ops.cli.main import main

main()
