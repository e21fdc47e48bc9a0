from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    limit: int = 1
    name: str = 'a'
