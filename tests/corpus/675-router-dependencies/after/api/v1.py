from fastapi import APIRouter, Depends

from .users import router as users

def key(k: str):
    return k


router = APIRouter(dependencies=[Depends(key)])
router.include_router(users)
