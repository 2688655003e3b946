"""Nothing secret stays in what is logged, by name or by look, however it is written."""

from typing import Any

import pytest

from infra.redaction import HIDDEN, redact, redact_body, redact_text, redact_url

SECRET = "SECRETSECRET"


@pytest.mark.parametrize(
    "value",
    [
        {"location": f"https://h.test/cb?access_token={SECRET}"},
        {"text": f"see https://h.test/x?api_key={SECRET}&y=1"},
        {"hook": f"https://hooks.slack.com/services/T000/B000/{SECRET}"},
        {"x": f"xapp-1-A111-222-{SECRET}"},
        {"x": f"xoxe-1-{SECRET}"},
        {"x": f"xoxe.xoxp-1-{SECRET}"},
        {"x": f"cal_{SECRET}"},
        {"x": f"the key cal_live_{SECRET} is not valid"},
        {"location": f"https://us05web.zoom.us/j/81234567890?pwd={SECRET}.1"},
        {"text": f'{{"client_secret":"{SECRET}"}}'},
        {"text": f'{{"password": "two {SECRET}"}}'},
        {"text": f'"{{\\"client_secret\\": \\"{SECRET}\\"}}"'},
        {"pwd": SECRET},
        {"t": f"refresh_token={SECRET}"},
        {"t": f"a='1' secret='{SECRET}'"},
        {"Api-Token": SECRET},
        {"text": f"<pre>POST /api/3/contacts\nApi-Token: {SECRET}\nAccept: */*</pre>"},
        {"t": f"the token EAA{SECRET}12345678 has expired"},
        {"user_data": {"client_user_agent": f"Mozilla {SECRET}", "fbp": f"fb.1.1.{SECRET}"}},
        {"client_ip_address": SECRET, "fbc": SECRET, "madid": SECRET, "anon_id": SECRET},
        {"join_url": f"https://us05web.zoom.test/j/85?pwd={SECRET}.1"},
        {"t": f"start it by https://us05web.zoom.test/s/85?zak={SECRET}"},
        {"start_url": f"https://us05web.zoom.test/s/85#{SECRET}"},
        {"h323_password": SECRET, "pstn_password": SECRET, "encrypted_password": SECRET},
        {"host_key": SECRET, "dynamic_host_key": SECRET, "passcode": SECRET},
    ],
    ids=str,
)
def test_a_secret_is_hidden(value: dict[str, Any]) -> None:
    hidden = redact(value)
    assert SECRET not in str(hidden)
    assert redact(hidden) == hidden, "what is hidden already stays as it is"


def test_what_is_in_a_urls_path_or_fragment_is_hidden() -> None:
    webhook = "5eed0a7e9b4c4d21a3f08c6e7d5b1f42"
    told = redact_url(f"https://webhooks.portant.co/{webhook}")
    assert told == "https://webhooks.portant.co/[hidden]"
    assert webhook not in redact_text(f"POST http://127.0.0.1:8/portant/{webhook}/ was refused")
    callback = f"https://fleet.test/callbacks/b2000000-0000-4000-8000-000000000004/{SECRET}"
    assert redact_url(callback) == callback.replace(SECRET, "[hidden]")
    assert redact_text(f'see "{callback}".') == f'see "{callback}".'.replace(SECRET, "[hidden]")
    assert SECRET not in redact_url(f"https://hooks.slack.com/services/T0/B0/{SECRET}")
    assert SECRET not in redact_url(f"https://h.test/x#access_token={SECRET}")
    told = redact_url(f"https://h.test/x?token={SECRET}&page=2")
    assert told == "https://h.test/x?token=[hidden]&page=2"


@pytest.mark.parametrize(
    "text",
    [
        "The token could not be renewed: 3 attempts",
        "tokens_used=12 next_page_token=13",
        "a token: of respect",
        "calcom_create_booking cal_video cal_live https://app.cal.com/video/2NtaeaVcKfpmSZ4C",
        '{"reference": "PO 7", "total": 5}',
        "/Invoices/5eed0a7e-9b4c-4d21-a3f0-8c6e7d5b1f42 5eed0a7e9b4c4d21a3f08c6e7d5b1f42",
        "/callbacks/ and /callbacks/b2000000/x",
        "eaa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec6915771be1c",  # a hash
        "zakat=5 default_password=true join_url=https://us05web.zoom.test/j/85",
    ],
)
def test_what_is_not_secret_stays(text: str) -> None:
    assert redact_text(text) == text


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_of_a_form_only_structures_are_shown_and_those_redacted() -> None:
    form = f"data=%5B%7B%22name%22%3A%22Lead%22%2C%22token%22%3A%22{SECRET}%22%7D%5D"
    body = f"{form}&code={SECRET}&access_token={SECRET}&x=%7B{SECRET}".encode()
    shown = redact_body(body, FORM)
    assert shown == {"form": {"data": [{"name": "Lead", "token": HIDDEN}]}, "bytes": len(body)}


@pytest.mark.parametrize("body", [SECRET, f"a={SECRET}", f"{SECRET}=[", f"a=[{SECRET}&\x80"])
def test_a_form_without_structures_is_hidden_whole(body: str) -> None:
    shown = redact_body(body.encode("latin-1"), FORM)
    assert shown == {"form": HIDDEN, "bytes": len(body)}


def test_a_form_field_that_sounds_secret_is_hidden_whatever_it_holds() -> None:
    assert redact_body(f'token=["{SECRET}"]'.encode(), FORM)["form"] == {"token": HIDDEN}
