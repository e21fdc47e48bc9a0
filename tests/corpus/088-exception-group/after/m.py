def f():
    got = []
    try:
        raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
    except* ValueError as e:
        got.append(len(e.exceptions))
    except* KeyError:
        got.append("key")
    return got
