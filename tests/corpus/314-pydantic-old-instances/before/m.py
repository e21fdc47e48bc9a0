from pydantic import BaseModel


class A(BaseModel):
    x: int = 1

    def both(self):
        return self.x, getattr(self, "y", None)
