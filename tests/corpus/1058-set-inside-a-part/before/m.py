from types import SimpleNamespace

from jinja2 import Environment

templates = SimpleNamespace(env=Environment())
templates.env.trim_blocks = True


def page():
    return templates.env.from_string("{% if 1 %}\n1{% endif %}").render()
