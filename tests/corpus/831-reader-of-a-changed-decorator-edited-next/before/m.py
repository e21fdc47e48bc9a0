import types

import deco


@deco.kind
class Task:
    def run(self):
        return types.SimpleNamespace(n=1).n

    async def later(self):
        return types.SimpleNamespace(n=1).n
