from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)

    limit: int = 2
    mode: str = "b"
    debug: bool = False


settings = Settings()
LIMITS = [settings.limit]
