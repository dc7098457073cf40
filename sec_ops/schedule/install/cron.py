"""One line of cron: every minute it asks what is due, so that zones and missed runs are ours to reckon."""

import shlex

from sec_ops.schedule.install.systemd import Installation

__all__ = ["cron_file"]


def cron_file(place: Installation) -> str:
    """Return the text of a file for `/etc/cron.d`; `%` is a line end to cron and is escaped."""
    words = (str(place.program), "--site", str(place.site), "schedule", "run-due", "--quiet")
    command = shlex.join(words).replace("%", "\\%")
    return f"""\
# sec-ops schedule of {place.site_id}: what is due is decided by the site's own schedule
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
* * * * * {place.user} {command}
"""
