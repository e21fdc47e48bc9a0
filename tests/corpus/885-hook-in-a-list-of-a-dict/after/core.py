from collections import defaultdict

HOOKS = defaultdict(list)


def fire(name, *args):
    return [hook(*args) for hook in HOOKS[name]]
