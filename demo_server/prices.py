"""What things cost: pure functions and one table. The easiest place to begin editing."""

# In copper coins. Add a line: it is on every open page at the next tick of the clock.
MENU = {
    "tea": 3,
    "dumplings": 6,
    "noodles": 8,
    "lantern": 12,
}


def price(item: str, amount: int = 1) -> int:
    """Give what `amount` of `item` costs; from three on, a tenth is off."""
    total = MENU[item] * amount
    if amount >= 3:
        total -= total // 10
    return total


def menu() -> list[dict[str, int | str]]:
    """Give the menu, cheapest first."""
    return [{"item": item, "price": price(item)} for item in sorted(MENU, key=price)]


def receipt(who: str, item: str, amount: int) -> str:
    """Give the line that the room reads when somebody has bought something."""
    what = item if amount == 1 else f"{amount} x {item}"
    return f"{who} buys {what} for {price(item, amount)} coppers"


def parse_order(text: str) -> tuple[str, int]:
    """Read ``tea`` or ``3 tea``.

    Raises:
        ValueError: It is not on the menu, or the amount makes no sense; the message says so.
    """
    first, _, rest = text.strip().lower().partition(" ")
    amount, item = (int(first), rest.strip()) if first.isdecimal() else (1, text.strip().lower())
    if item not in MENU:
        raise ValueError(f"there is no {item or 'nothing'} today, only {', '.join(MENU)}")
    if not 1 <= amount <= 99:
        raise ValueError("one to ninety-nine, please")
    return item, amount
