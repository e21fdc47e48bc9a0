"""pydantic-settings instances are refreshed in place, after validation."""

from __future__ import annotations

import functools
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from hotswap.data.settings import env_files, instances, put, refresh, twin

if TYPE_CHECKING:
    from pathlib import Path


class Settings(BaseSettings):
    """What an app has."""

    limit: int = 1
    name: str = "x"
    token: SecretStr = SecretStr("")


class Given(BaseSettings):
    """One field comes from whoever makes it."""

    model_config = {"frozen": True}

    region: str
    limit: int = 1


@pytest.fixture(name="module")
def _module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    for name in ("LIMIT", "NAME", "TOKEN", "REGION"):
        monkeypatch.delenv(name, raising=False)
    module = ModuleType("config")
    module.settings = Settings()  # type: ignore[attr-defined]
    module.again = module.settings  # type: ignore[attr-defined]
    return module


def test_each_instance_is_found_once(module: ModuleType) -> None:
    assert instances([module, module]) == [module.settings]


@pytest.mark.parametrize("size", [None, 8])
def test_what_a_cached_function_gave_is_found(module: ModuleType, size: int | None) -> None:
    """The pattern of FastAPI's documentation: nobody but the cache holds the settings."""
    held = module.settings
    del module.settings, module.again

    @functools.lru_cache(maxsize=size)
    def get_settings(name: str = "") -> Settings:
        return held  # type: ignore[no-any-return]

    get_settings()
    module.get_settings = get_settings  # type: ignore[attr-defined]

    assert instances([module]) == [held]


def test_files_that_settings_are_read_from_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    class One(BaseSettings):
        model_config = {"env_file": ".env.one"}

    class Two(One):
        model_config = {"env_file": ("a.env", tmp_path / "b.env")}

    named = {str(tmp_path / name) for name in (".env.one", "a.env", "b.env")}
    assert named <= env_files()


def test_who_holds_the_settings_sees_the_new_values(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = module.settings
    monkeypatch.setenv("LIMIT", "5")

    refreshed: list[Any] = []

    assert refresh([module], ".env", [], refreshed) is None

    assert held is module.settings
    assert refreshed == [held]
    assert held.limit == 5
    assert held.model_fields_set == {"limit"}


def test_a_bad_value_changes_nothing_and_is_not_shown(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAME", "y")
    monkeypatch.setenv("LIMIT", "s3cret")

    fault = refresh([module], "/p/.env", [], [])

    assert fault is not None
    assert fault.code == "HS701"
    assert "limit" in fault.message
    assert "s3cret" not in fault.message + fault.text
    assert module.settings.name == "x"


def test_a_swap_that_is_rolled_back_takes_the_values_along(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo: list[Any] = []
    monkeypatch.setenv("LIMIT", "5")
    refresh([module], ".env", undo, [])

    for action in undo:
        action()

    assert module.settings.limit == 1
    assert module.settings.model_fields_set == set()


def test_what_only_the_maker_gave_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REGION", raising=False)
    made = Given(region="eu")
    monkeypatch.setenv("LIMIT", "3")

    changed = put(made, twin(made), [])

    assert changed == ("limit",)
    assert (made.region, made.limit) == ("eu", 3)
    assert Given(region="eu") == made


def test_nothing_changed_is_nothing_done(module: ModuleType) -> None:
    undo: list[Any] = []

    refresh([module], ".env", undo, [])

    assert undo == []
