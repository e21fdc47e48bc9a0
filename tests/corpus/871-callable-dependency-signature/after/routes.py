from fastapi import APIRouter, Depends

from deps import only_admin

router = APIRouter(prefix="/admin", dependencies=[Depends(only_admin)])


@router.get("/ping")
def ping():
    return "pong"
