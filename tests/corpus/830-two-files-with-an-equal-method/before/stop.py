class Base:
    def call(self, state):
        raise NotImplementedError(state)
