"""Fakes that this project and its users may test with."""
