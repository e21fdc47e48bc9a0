import inspect
import typing

import jobs
from jobs import load, run


def parameters(function):
    return list(inspect.signature(function).parameters)


DEFAULTS = run.__defaults__
PARAMETERS = parameters(load)
HINTS = typing.get_type_hints(jobs.load)
SPELLED = {f.__name__: str(inspect.signature(f)) for f in (run, jobs.load)}
