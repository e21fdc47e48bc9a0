import os

MODE = os.environ.get("CORPUS_MODE", "dev")
