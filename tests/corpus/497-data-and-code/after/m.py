import json
from pathlib import Path

DATA = json.loads(Path(__file__).with_name('d.json').read_text())
TOTAL = sum(DATA.values())
