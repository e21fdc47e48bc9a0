"""Frameworks that keep registries of the user's functions: how their objects follow an edit."""
