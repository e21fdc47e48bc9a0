import weakref


def f():
    return 1


INFO = weakref.WeakKeyDictionary({f: "info"})
REF = weakref.ref(f)
