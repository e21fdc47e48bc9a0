from store import STOCK, add
from sums import total


def report():
    return f"{total()} for {len(STOCK)}"
