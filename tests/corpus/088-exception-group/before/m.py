def f():
    try:
        raise ExceptionGroup("g", [ValueError(1)])
    except ExceptionGroup as e:
        return str(e)
