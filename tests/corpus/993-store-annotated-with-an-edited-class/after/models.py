from pydantic import BaseModel


class Todo(BaseModel):
    title: str
    done: bool = False
