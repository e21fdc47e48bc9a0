from mimetypes import types_map

types_map[".zzy"] = "text/zzz"


def kinds():
    return sorted(name for name in types_map if name.startswith(".zz"))
