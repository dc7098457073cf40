"""What the operating system is told: systemd timers, or one line of cron. Pure: names and texts of files."""
