from functools import lru_cache

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    title: str = "Shop"
    page_size: int = 3


@lru_cache
def get_settings() -> Settings:
    return Settings()
