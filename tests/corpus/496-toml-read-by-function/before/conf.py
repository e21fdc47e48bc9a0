import tomllib
from pathlib import Path


def load():
    with open(Path(__file__).parent / 'conf.toml', 'rb') as stream:
        return tomllib.load(stream)


CONF = load()
