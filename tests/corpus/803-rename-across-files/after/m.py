from store import STOCK, add, worth


def report():
    return f"{worth()} for {len(STOCK)}"
