def f():
    return 1


def kind():
    import inspect
    return inspect.iscoroutinefunction(f)
