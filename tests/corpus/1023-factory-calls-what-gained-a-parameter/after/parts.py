def make(name, mark="!"):
    name += mark

    def endpoint():
        return {"name": name}

    return endpoint
