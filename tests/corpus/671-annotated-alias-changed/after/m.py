from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, Header

app = FastAPI()


def get_user(name: str = "ann"):
    return name


def admin(key: int = 1):
    return f"admin {key}"


User = Annotated[str, Depends(admin)]


@app.get("/items")
def items(user: User, agent: Annotated[str, Header()] = "none"):
    return {"user": user, "agent": agent}
