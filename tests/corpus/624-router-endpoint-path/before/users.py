from fastapi import APIRouter

router = APIRouter(prefix='/users', tags=['users'])


@router.get('/')
def users():
    return ['old']


@router.get('/{n}')
def user(n: int):
    return n
