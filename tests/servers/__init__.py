"""Real servers for tests: each on loopback, from Debian's packages, in a folder of its own, ended with its test."""
