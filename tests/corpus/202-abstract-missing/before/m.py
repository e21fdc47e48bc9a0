from abc import ABC, abstractmethod


class Base(ABC):
    @abstractmethod
    def run(self): ...


class Done(Base):
    def run(self):
        return 1
