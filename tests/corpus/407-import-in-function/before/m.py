def call():
    from lazy import f
    return f()
