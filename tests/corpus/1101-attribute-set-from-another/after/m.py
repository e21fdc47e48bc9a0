class Settings:
    limit = 0


settings = Settings()
settings.limit = 20
settings.half = settings.limit // 2
