from fastapi import APIRouter

router = APIRouter(prefix='/users', tags=['users'])


@router.get('/')
def users():
    return ['new']


@router.get('/no/{n}')
def user(n: int):
    return n
