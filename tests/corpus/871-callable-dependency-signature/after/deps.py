from typing import Annotated

from fastapi import Depends, Header, HTTPException


def current_user(x_user: Annotated[str, Header()] = "guest"):
    return x_user


class Roles:
    def __init__(self, *roles):
        self.roles = roles

    def __call__(self, user: Annotated[str, Depends(current_user)], sudo: bool = False):
        if not sudo and user not in self.roles:
            raise HTTPException(403, f"need {self.roles}")


only_admin = Roles("admin")
