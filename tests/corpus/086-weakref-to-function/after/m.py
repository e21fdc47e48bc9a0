import weakref


def f(n=2):
    return n


INFO = weakref.WeakKeyDictionary({f: "info"})
REF = weakref.ref(f)
