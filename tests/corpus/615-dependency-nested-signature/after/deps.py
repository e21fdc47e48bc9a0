from fastapi import Depends


def user(token: str = 'none'):
    return token


def admin(u=Depends(user)):
    return u + '!'
