"""What a person reads at the shell: counts, the worst gaps first, and what could not be seen."""

from sec_ops.reports.terminal.render import render_terminal

__all__ = ["render_terminal"]
