from pydantic import BaseModel


class Node(BaseModel):
    leaf: "Leaf | None" = None


class Leaf(BaseModel):
    size: int = 1


Node.model_rebuild()
