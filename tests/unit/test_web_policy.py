"""A page's policy lets the client in, and nothing else."""

from __future__ import annotations

import pytest

from hotswap.web.policy import widen, widen_markup


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


def test_several_policies_in_one_header() -> None:
    widened = widen(["script-src 'none', connect-src https://api.test"], "fresh")
    assert widened.values == (
        "script-src 'self' 'unsafe-eval'",
        "connect-src https://api.test 'self'",
    )


@pytest.mark.parametrize(
    ("markup", "wanted"),
    [
        (
            b"""<meta http-equiv="Content-Security-Policy" content="connect-src 'none'"><body>""",
            b"""<meta http-equiv="Content-Security-Policy" content="connect-src &#x27;self&#x27;"><body>""",
        ),
        (
            b"<META CONTENT='img-src *; connect-src &#39;none&#39;' HTTP-EQUIV=content-security-policy>",
            b"""<META CONTENT="img-src *; connect-src &#x27;self&#x27;" HTTP-EQUIV=content-security-policy>""",
        ),
        (b'<meta name=x content="connect-src x">', b'<meta name=x content="connect-src x">'),
        (
            b"<body><meta http-equiv=content-security-policy content=\"connect-src 'none'\">",
            b"<body><meta http-equiv=content-security-policy content=\"connect-src 'none'\">",
        ),
    ],
)
def test_policies_in_markup(markup: bytes, wanted: bytes) -> None:
    assert widen_markup(markup) == wanted


@pytest.mark.parametrize(
    ("policies", "styles"),
    [
        (["img-src *"], "any"),
        (["style-src 'self' 'unsafe-inline'"], "any"),
        (["default-src 'self'"], "none"),
        (["style-src 'self' 'unsafe-inline' 'sha256-AAAA='"], "none"),
        (["script-src 'nonce-abc'; style-src 'nonce-abc'"], "nonce"),
        (["default-src 'nonce-abc'"], "nonce"),
        (["script-src 'nonce-abc'; style-src 'nonce-other'"], "none"),
        (["default-src 'none'; style-src-elem 'unsafe-inline'"], "any"),
        (["script-src 'nonce-abc'; style-src 'nonce-abc'", "style-src 'self'"], "none"),
    ],
)
def test_which_style_elements_show(policies: list[str], styles: str) -> None:
    """The client makes none that the browser would complain of."""
    assert widen(policies, "fresh").styles == styles
