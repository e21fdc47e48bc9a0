class Settings:
    limit = 0


settings = Settings()
settings.limit = 10
settings.half = settings.limit // 2
