import os

os.environ.setdefault("CORPUS_ONE", "1")
VALUES = [os.environ.get("CORPUS_ONE"), os.environ.get("CORPUS_TWO")]
