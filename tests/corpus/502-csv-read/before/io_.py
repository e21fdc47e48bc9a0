import csv
from pathlib import Path


def rows(name):
    with (Path(__file__).parent / name).open(newline='') as stream:
        return list(csv.DictReader(stream))
