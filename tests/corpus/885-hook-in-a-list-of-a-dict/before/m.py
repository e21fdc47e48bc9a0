from core import HOOKS


def on_join(who):
    return f"welcome {who}"


HOOKS["join"].append(on_join)
