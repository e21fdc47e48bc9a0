STEP = 2


def run(name: str, times=STEP):
    return name * times


def load(path: bytes, *, strict=True) -> str:
    return path
