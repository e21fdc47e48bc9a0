from fastapi import APIRouter, Depends

from .users import router as users

router = APIRouter()
router.include_router(users)
