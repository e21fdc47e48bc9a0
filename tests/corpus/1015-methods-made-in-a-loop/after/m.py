class Room:
    for _name in ("open", "lock"):
        locals()["do_" + _name] = (lambda name: lambda self: name.upper())(_name)
    del _name


room = Room()
