from m import WORD


def first(t):
    return WORD.match(t).group()
