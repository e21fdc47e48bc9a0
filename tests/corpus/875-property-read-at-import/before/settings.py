class Settings:
    name = "Shop"

    @property
    def title(self):
        return f"{self.name} (EUR)"


settings = Settings()
