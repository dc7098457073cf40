"""The rules of a site: shipped ones, its own over them, imported releases, and what it changes about single rules."""
