from store import STOCK, add, total


def report():
    return f"{total(10)} for {len(STOCK)}"
