import os

os.environ.setdefault("CORPUS_TWO", "1")
VALUES = [os.environ.get("CORPUS_ONE"), os.environ.get("CORPUS_TWO")]
