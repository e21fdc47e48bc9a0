from types import SimpleNamespace

from jinja2 import Environment

templates = SimpleNamespace(env=Environment())


def page():
    return templates.env.from_string("{% if 1 %}\n1{% endif %}").render()
