from functools import lru_cache

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    title: str = "Store"
    page_size: int = 3


@lru_cache
def get_settings() -> Settings:
    return Settings()
