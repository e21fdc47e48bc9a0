from types import SimpleNamespace

from jinja2 import Environment

templates = SimpleNamespace(env=Environment())
templates.env.filters.update(a=len)


def page():
    names = [name for name in ("a", "b") if name in templates.env.filters]
    return names, templates.env.from_string("{{ [1, 5] | %s }}" % names[0]).render()
