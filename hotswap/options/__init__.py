"""Options: what can be set, whether a value fits, and the four sources merged.

The command line, the environment variables and the table in pyproject.toml are all read through the fields of
`Options`. An unknown name is an error that suggests the nearest one.
"""

from hotswap.options.fields import ACCEPTED, FIELDS, FURTHER, SETTABLE, Options
from hotswap.options.sources import load
from hotswap.options.values import POLL, NotThereError, UsageError, from_text, suggest

__all__ = [
    "ACCEPTED",
    "FIELDS",
    "FURTHER",
    "POLL",
    "SETTABLE",
    "NotThereError",
    "Options",
    "UsageError",
    "from_text",
    "load",
    "suggest",
]
