from m import STEPS


def f(x):
    for step in STEPS:
        x = step(x)
    return x
