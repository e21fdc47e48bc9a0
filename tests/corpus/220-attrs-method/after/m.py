import attrs


def positive(instance, attribute, value):
    if value <= 0:
        raise ValueError("too small")


@attrs.define(slots=False)
class Job:
    name: str
    size: int = attrs.field(default=1, validator=positive)

    def show(self):
        return f"{self.name}={self.size}"
