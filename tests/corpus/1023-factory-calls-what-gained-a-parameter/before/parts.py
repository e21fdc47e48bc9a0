def make(name):
    def endpoint():
        return {"name": name}

    return endpoint
