from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, Header

app = FastAPI()


def get_user(name: str = "ann"):
    return name


User = Annotated[str, Depends(get_user)]


@app.get("/items")
def items(user: User, agent: Annotated[str, Cookie()] = "none"):
    return {"user": user, "agent": agent}
