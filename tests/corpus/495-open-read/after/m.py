import os

with open(os.path.join(os.path.dirname(__file__), 'words.txt')) as stream:
    WORDS = stream.read().split()

COUNT = len(WORDS)
STATE = []
