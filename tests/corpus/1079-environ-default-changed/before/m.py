import os

os.environ.setdefault("CORPUS_DEFAULT", "1")


def value():
    return os.environ.get("CORPUS_DEFAULT")
