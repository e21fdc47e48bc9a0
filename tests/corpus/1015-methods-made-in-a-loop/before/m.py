class Room:
    for _name in ("open", "close"):
        locals()["do_" + _name] = (lambda name: lambda self: name)(_name)
    del _name


room = Room()
