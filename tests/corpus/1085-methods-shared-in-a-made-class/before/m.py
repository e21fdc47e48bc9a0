def _nothing(self, text):
    return ""


def _make(level):
    def log(self, text):
        return f"{level} {text}"

    return log


def _class():
    methods = {}
    for level in ("error", "critical"):
        methods[level] = _nothing if level == "error" else _make(level)
    methods["fatal"] = methods["critical"]
    return type("Log", (), methods)


Log = _class()
