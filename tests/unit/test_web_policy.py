"""A page's policy lets the client in, and nothing else."""

from __future__ import annotations

import pytest

from hotswap.web.policy import widen


@pytest.mark.parametrize(
    ("policy", "wanted", "nonce"),
    [
        ("img-src *", "img-src *", ""),
        (
            "default-src 'self'",
            "default-src 'self'; script-src 'self' 'unsafe-eval'; connect-src 'self'",
            "",
        ),
        (
            "default-src 'none'",
            "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'",
            "",
        ),
        (
            "script-src 'nonce-abc'",
            "script-src 'nonce-abc' 'unsafe-eval'",
            "abc",
        ),
        (
            "script-src 'nonce-abc' 'strict-dynamic'; connect-src https://api.test",
            "script-src 'nonce-abc' 'strict-dynamic' 'unsafe-eval'; connect-src https://api.test 'self'",
            "abc",
        ),
        (
            "script-src 'sha256-AAAA='",
            "script-src 'sha256-AAAA=' 'nonce-fresh' 'unsafe-eval'",
            "fresh",
        ),
        (
            "script-src 'unsafe-inline' https://cdn.test",
            "script-src 'unsafe-inline' https://cdn.test 'self' 'unsafe-eval'",
            "",
        ),
        (
            "script-src 'self'; script-src-elem https://cdn.test",
            "script-src 'self' 'unsafe-eval'; script-src-elem https://cdn.test 'self'",
            "",
        ),
        (
            "Script-Src 'self'; SCRIPT-SRC 'none'",
            "script-src 'self' 'unsafe-eval'",
            "",
        ),
        ("trusted-types app", "trusted-types app hotswap", ""),
        ("sandbox allow-forms", "sandbox allow-forms", ""),
        (";;; ;", "", ""),
        ("upgrade-insecure-requests", "upgrade-insecure-requests", ""),
    ],
)
def test_one_policy(policy: str, wanted: str, nonce: str) -> None:
    widened = widen([policy], "fresh")
    assert widened.values == (wanted,)
    assert widened.nonce == nonce


def test_several_policies_all_have_to_let_us_in() -> None:
    widened = widen(["script-src 'self'", "script-src 'nonce-x'; connect-src 'none'"], "fresh")
    assert widened.values == (
        "script-src 'self' 'unsafe-eval'",
        "script-src 'nonce-x' 'unsafe-eval'; connect-src 'self'",
    )
    assert widened.nonce == "x"


def test_a_sandbox_without_scripts_stays_without() -> None:
    assert not widen(["sandbox"], "fresh").scripts
    assert widen(["sandbox allow-scripts"], "fresh").scripts
