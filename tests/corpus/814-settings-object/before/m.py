from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)

    limit: int = 1
    mode: str = 'a'


settings = Settings()
LIMITS = [settings.limit]
