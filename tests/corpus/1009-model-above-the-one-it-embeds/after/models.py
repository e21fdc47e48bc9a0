from pydantic import BaseModel


class Node(BaseModel):
    leaf: "Leaf | None" = None
    tag: str = ""


class Leaf(BaseModel):
    size: int = 1
    weight: int = 2


Node.model_rebuild()
