N = 5
ODD = N % 2
STATE = []


def make(odd):
    STATE.append(odd)
    return odd


MADE = make(ODD)
