import os

os.environ.setdefault("CORPUS_DEFAULT", "2")


def value():
    return os.environ.get("CORPUS_DEFAULT")
