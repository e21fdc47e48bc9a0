import re

WORD = re.compile(r"[a-z0-9]+")


def words(t):
    return WORD.findall(t)
