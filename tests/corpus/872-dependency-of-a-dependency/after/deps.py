from typing import Annotated

from fastapi import Depends, Header


def current_user(x_name: Annotated[str, Header()] = "anon"):
    return x_name


User = Annotated[str, Depends(current_user)]


class Greeter:
    def __call__(self, user: User):
        return f"hello {user}"


greet = Greeter()
