import hotswap

CLOSED = hotswap.keep("closed", list)
POOL = ["new"]


@hotswap.dispose
def close():
    CLOSED.append(POOL[0])
