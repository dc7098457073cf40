"""What every room stands on: site folder, runs, secrets, clock, languages, files."""
