"""E-mail addresses, public IP addresses and card numbers, and what only looks like them."""

from __future__ import annotations

import pytest

from incidents.analysis.redact import Aliases, redact, scrub


def masked(text: str) -> str:
    return redact(text, personal=True)


@pytest.mark.parametrize(
    "address",
    ["ana@example.com", "a.b+c@sub.example.co.uk", "O'Brien@example.org", "bjørn@example.no", "ana@bücher.example",
     "a.b%40example.com", "ana\\u0040example.com", "INFO@EXAMPLE.COM", "x_y-z@example.museum"],
)  # fmt: skip
def test_an_email_address_is_masked(address: str) -> None:
    assert "xample" not in masked(f"sent to {address} in 12ms").lower().replace("bücher", "example")
    assert masked(f"sent to {address} in 12ms").endswith(" in 12ms")


@pytest.mark.parametrize(
    "text",
    ["git@github.com:acme/shop.git", "celery@worker.example.com ready", "left-pad@1.3.0", "@types/node@20.1.2", "logo@2x.png",
     "svc@localhost", "user@ is not valid", "https://ana@db.example.com/x", "root@bastion", "Mailer@deliver:31"],
)  # fmt: skip
def test_an_at_sign_alone_makes_no_email_address(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "address",
    ["203.0.113.9", "198.51.100.255", "192.0.2.1", "2001:db8::1", "2001:db8:0:1:2:3:4:5", "2001:DB8::FF00:42:8329"],
)
@pytest.mark.parametrize(
    "frame", ['fwd="{}"', "client [{}]:51544 closed", "{} - - GET /", "from {}.", "ip={},x", "({})"]
)
def test_a_public_address_is_masked(address: str, frame: str) -> None:
    assert masked(frame.format(address)) == frame.format("[REDACTED:ip]")


@pytest.mark.parametrize(
    "text",
    ["10.1.2.3", "172.31.9.9", "192.168.1.1", "127.0.0.1", "169.254.0.1", "100.64.0.9", "0.0.0.0", "224.0.0.1", "255.255.255.255",
     "::1", "fe80::1", "fd00::1", "300.1.2.3", "1.2.3.4.5", "rails 7.0.8.1", "Chrome/120.0.0.0", "v203.0.113.9", "gem-203.0.113.9",
     "version 203.0.113.9", "ip-203-0-113-9", "09:12:44", "2026:03:14", "Foo::Bar", "abc::def", "8.8.8.8 answered"],
)  # fmt: skip
def test_what_is_no_public_address_stays(text: str) -> None:
    assert masked(f"x {text} y") == f"x {text} y"


@pytest.mark.parametrize(
    "number",
    ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5555555555554444", "378282246310005",
     "3782 822463 10005", "6011111111111117", "2223003122003222", "30569309025904", "4111%201111%201111%201111"],
)  # fmt: skip
def test_a_card_number_is_masked(number: str) -> None:
    assert masked(f'{{"number":"{number}","cvc":"***"}}') == '{"number":"[REDACTED:card]","cvc":"***"}'


@pytest.mark.parametrize(
    "text",
    ["4111111111111112", "order_id=4111111111111111", "epoch=1795219982122123", "snowflake=927516804271749281", "0.4111111111111111",
     "isbn 978-0-13-468599-1", "4111111111111111.5", "a4111111111111111", "4111111111111111b", "1111111111111117"],
)  # fmt: skip
def test_a_number_that_is_no_card_stays(text: str) -> None:
    assert masked(text) == text


def test_aliases_name_the_same_address_alike_everywhere() -> None:
    aliases = Aliases()
    first = scrub('fwd="203.0.113.9" ana@example.com', personal=True, aliases=aliases)
    second = scrub(
        'fwd="198.51.100.2" by ANA@example.com, 203.0.113.9, card 4111111111111111', personal=True, aliases=aliases
    )
    assert first.text == 'fwd="client-1" person-1'
    assert second.text == 'fwd="client-2" by person-1, client-1, card [REDACTED:card]'
    assert second.counts == {"ip": 2, "email": 1, "card": 1}


def test_aliases_never_name_a_credential() -> None:
    assert scrub("password=hunter22", personal=True, aliases=Aliases()).text == "password=[REDACTED:password]"
