def rank(word):
    return -len(word)


WORDS = sorted(["ccc", "a", "bb"], key=rank)
