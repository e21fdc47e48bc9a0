from dataclasses import dataclass


@dataclass
class Config:
    limit: int = 10
    name: str = "a"


LIMIT = Config().limit
LIMITS = [Config(name="b").limit * 2]
first = Config()
