import os

os.environ["CORPUS_SET"] = "1"
FLAG = os.environ.get("CORPUS_SET", "off")


def flag():
    return os.environ.get("CORPUS_SET")
