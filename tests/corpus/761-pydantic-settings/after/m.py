from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    limit: int = 2
    name: str = 'a'
