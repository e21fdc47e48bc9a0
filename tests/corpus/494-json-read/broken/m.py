import json
from pathlib import Path

SETTINGS = json.loads(Path(__file__).with_name('settings.json').read_text())
LIMIT = SETTINGS['limit'] * 2
STATE = []


def f():
    return LIMIT
