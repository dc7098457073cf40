"""Running a drill: systems come back side by side, each after those it depends on, in one sandbox, phase by phase."""
