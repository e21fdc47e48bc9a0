import os

os.environ["CORPUS_FLAG"] = "1"
FLAG = os.environ["CORPUS_FLAG"]
