import os

MODE = os.environ.get("CORPUS_OTHER", "prod")
