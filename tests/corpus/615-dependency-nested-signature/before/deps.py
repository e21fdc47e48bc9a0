from fastapi import Depends


def user():
    return 'ann'


def admin(u=Depends(user)):
    return u + '!'
