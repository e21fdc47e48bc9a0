from pydantic import BaseModel


class A(BaseModel):
    x: int = 1
    y: int = 2

    def both(self):
        return self.x, getattr(self, "y", None)
