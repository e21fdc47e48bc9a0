import hotswap

CLOSED = hotswap.keep("closed", list)
POOL = ["old"]


@hotswap.dispose
def close():
    CLOSED.append(POOL[0])
