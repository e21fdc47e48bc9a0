STEP = 1


def run(name: str, times=STEP):
    return name * times


def load(path: str) -> str:
    return path
