import re

WORD = re.compile(r"[a-z]+")


def words(t):
    return WORD.findall(t)
