import dep
from dep import Thing


def label(thing: Thing) -> str:
    return f"{thing.name} in {dep.PLACE}"
