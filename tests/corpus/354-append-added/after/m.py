PLUGINS = []
PLUGINS.append("a")
PLUGINS.append("b")
