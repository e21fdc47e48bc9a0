from fastapi import APIRouter

router = APIRouter()


@router.get('/shop')
def shop():
    return 'shop'
