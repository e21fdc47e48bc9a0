import os

os.environ["CORPUS_FLAG"] = "2"
FLAG = os.environ["CORPUS_FLAG"]
