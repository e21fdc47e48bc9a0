import os

FLAG = os.environ.get("CORPUS_SET", "off")


def flag():
    return os.environ.get("CORPUS_SET")
