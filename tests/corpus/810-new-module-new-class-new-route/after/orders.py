from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()


class Order(BaseModel):
    n: int


@router.post('/')
def add(order: Order):
    return order.n + 1
