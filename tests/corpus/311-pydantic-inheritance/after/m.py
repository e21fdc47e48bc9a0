from pydantic import BaseModel


class Base(BaseModel):
    id: int = 1
    created: str = "now"


class User(Base):
    name: str


class Team(BaseModel):
    users: list[User]
