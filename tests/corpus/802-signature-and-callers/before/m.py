from store import STOCK, add, total


def report():
    return f"{total()} for {len(STOCK)}"
