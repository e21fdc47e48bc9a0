PLUGINS = []
PLUGINS.append("b")
