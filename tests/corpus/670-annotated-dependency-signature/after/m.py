from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, Header

app = FastAPI()


def get_user(token: str = "t"):
    return token


User = Annotated[str, Depends(get_user)]


@app.get("/items")
def items(user: User, agent: Annotated[str, Header()] = "none"):
    return {"user": user, "agent": agent}
