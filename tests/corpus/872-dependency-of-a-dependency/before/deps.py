from typing import Annotated

from fastapi import Depends, Header


def current_user(x_token: Annotated[str, Header()] = "guest"):
    return x_token


User = Annotated[str, Depends(current_user)]


class Greeter:
    def __call__(self, user: User):
        return f"hello {user}"


greet = Greeter()
