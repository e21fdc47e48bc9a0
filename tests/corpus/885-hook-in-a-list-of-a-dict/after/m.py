from core import HOOKS


def on_join(who):
    return f"hello {who}"


HOOKS["join"].append(on_join)
