"""`fleet connect postmark`: the token tried first, sealed, and the workspace's sender set up."""

from uuid import uuid4

from infra.database import email_configs
from infra.sandbox import seed

FROM = ("--from", "accounts@tidewater.test", "--company", "Tidewater Studio")


def configs(world):
    return world.rows("SELECT * FROM email_configs ORDER BY is_default DESC")


def test_the_token_is_tried_sealed_and_becomes_the_default_sender(
    run, world, environment, monkeypatch
):
    monkeypatch.setenv("POSTMARK_SERVER_TOKEN", seed.POSTMARK_TOKEN)
    ran = run("connect", "postmark", *FROM, "--colour", "#0f766e", "--json")
    assert ran.status == 0, ran.said
    (connected,) = ran.json
    assert (connected["tenant"], connected["created"]) == (str(seed.POSTMARK_SERVER["ID"]), True)
    assert seed.POSTMARK_TOKEN not in ran.said
    (config,) = configs(world)
    assert (str(config.integration_id), config.is_default) == (connected["integration_id"], True)
    assert config.settings == {
        "from_email": "accounts@tidewater.test",
        "company_name": "Tidewater Studio",
        "colour": "#0f766e",
    }
    (row,) = world.rows("SELECT credentials FROM connections WHERE platform = 'postmark'")
    assert world.fleet.vault.unlock(row.credentials) == {"token": seed.POSTMARK_TOKEN}
    again = run("connect", "postmark", "--from", "new@tidewater.test", "--json")
    assert again.json[0]["created"] is False
    assert [one.settings for one in configs(world)] == [{"from_email": "new@tidewater.test"}]


def test_a_refused_token_stores_nothing(run, world, environment, monkeypatch):
    monkeypatch.setenv("POSTMARK_SERVER_TOKEN", "wrong")
    ran = run("connect", "postmark", *FROM)
    assert ran.status == 1
    assert "Server Token you provided" in ran.said
    assert not configs(world)
    assert not world.rows("SELECT 1 FROM connections WHERE platform = 'postmark'")


def test_everything_unusable_is_named_and_nothing_is_asked(run, world, environment):
    options = ("--reply-to", "a,b", "--logo-url", "javascript:x", "--colour", "teal")
    ran = run("connect", "postmark", "--from", "nobody", *options)
    assert ran.status == 1
    for option in ("--from", "--reply-to", "--logo-url", "--colour"):
        assert option in ran.said


def test_a_second_sender_leaves_the_default_alone(world):
    world.add_postmark()
    other = world.add_postmark(from_email="other@tidewater.test")
    assert [one.is_default for one in configs(world)] == [True, False]
    with world.fleet.database.transaction() as tx:
        default = email_configs.default(tx, world.workspace_id)
        assert default is not None
        assert default.integration_id != other
        assert email_configs.default(tx, uuid4()) is None


def test_the_email_is_previewed_as_its_sender_s_would_look(run, world, environment, tmp_path):
    world.add_postmark(colour="#0f766e")
    file = tmp_path / "email.html"
    ran = run("email", "preview", file, "--subject", "{{xero.invoice_number}} due", "--json")
    assert (ran.status, ran.json["subject"]) == (0, "INV-0042 due")
    html = file.read_text()
    assert "Tidewater Studio" in html
    assert "#0f766e" in html
    assert run("email", "preview", file, "--body", "{{xero.sum}}").status == 1
