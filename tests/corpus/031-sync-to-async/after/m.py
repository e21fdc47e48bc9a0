async def f():
    return 2


def kind():
    import inspect
    return inspect.iscoroutinefunction(f)
