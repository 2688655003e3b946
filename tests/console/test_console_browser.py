"""The flows of the invoices console in a real browser, against the whole fleet and the sandbox.

Pictures of every step are written to `.run/screenshots/console/`, and every step is checked for
accessibility (axe), for its width, and for complaints of the browser's.
"""

from decimal import Decimal
from uuid import UUID

import pytest

from domain.access import SCOPES_OF, Role
from tests.console.browsing import Browsing, browsing, why_not
from tests.harness.processes import Processes
from tests.harness.sandbox import Sandbox
from tests.harness.world import World, eventually
from workers.api_keys import made_key
from workers.console.links import signed

pytestmark = [
    pytest.mark.deep,
    pytest.mark.processes,
    pytest.mark.skipif(why_not() is not None, reason=str(why_not())),
    pytest.mark.timeout(240),
]
CREATED = "xero.invoice.created"


@pytest.fixture(scope="module")
def served(running: Processes) -> Processes:
    running.start("web")
    return running


def _key(world: World, role: Role = Role.EDITOR) -> str:
    fleet = world.fleet
    return made_key(
        fleet.database, world.workspace_id, "Jo Marsh", SCOPES_OF[role], fleet.now()
    ).secret


def _invoice_ids(world: World) -> list[UUID]:
    return [row.id for row in world.rows("SELECT id FROM invoices ORDER BY created_at, id")]


@pytest.mark.parametrize("view", ["wide-light", "phone-dark"])
def test_from_an_empty_workspace_to_paid(  # noqa: PLR0915 - one story
    world: World, sandbox: Sandbox, served: Processes, view: str
) -> None:
    with browsing(world.fleet.settings, "paid", view) as seen:
        page = seen.page
        seen.go("/deals")
        seen.look("sign-in")
        seen.sign_in(_key(world))
        seen.look("no-deals")
        customer = world.customer("Harbour Cafe", "pay@harbour.test")
        _, (first, second) = world.deal(
            {"name": "Oak counter", "unit_price": Decimal("6380.00"), "deposit_percent": 40},
            {"name": "Joinery", "quantity": 24, "unit_price": 165, "discount_percent": 5},
            customer=customer,
        )
        seen.go("/deals")
        seen.look("deals")
        page.click("text=Fit-out")
        page.wait_for_selector("#products-title")
        seen.look("new-deal", full=True)

        page.click(f"#add-contact-{world.xero}")
        page.wait_for_selector("#new-contact")
        seen.look("add-contact")
        seen.finish("#new-contact")
        page.wait_for_selector("text=Linked to the company")

        seen.send_invoice("deposit")
        seen.look("deposit")
        page.dblclick("#create-invoice")  # whoever is impatient
        page.wait_for_selector("#close-done")
        seen.look("raised")
        page.click("#close-done")
        seen.pill(f"status-{first}", "Deposit invoiced")
        seen.pill(f"status-{second}", "Deposit invoiced")
        assert sandbox.count(CREATED) == 1
        seen.look("deposit-invoiced", full=True)

        (deposit,) = _invoice_ids(world)
        _pay(seen, deposit)
        seen.pill(f"invoice-{deposit}", "Paid")
        assert world.payment_statuses(first, second) == ["deposit_invoiced"] * 2
        _sync(seen)
        seen.pill(f"status-{first}", "Paid")
        seen.look("deposit-paid", full=True)

        page.reload()
        seen.send_invoice("balance")
        page.wait_for_selector("text=still to invoice")
        for line in (first, second):
            page.check(f"#line-{line}")
            page.wait_for_selector(f"#line-{line}[checked]", state="attached")
        seen.look("balance")
        seen.finish("#create-invoice")
        balance = next(one for one in _invoice_ids(world) if one != deposit)
        _pay(seen, balance, "1,000")
        page.wait_for_selector(f"#pay-{balance}")
        _pay(seen, balance)
        _sync(seen, changes=False)  # the deposit's payment has made them paid
        page.wait_for_selector(".sum-big:has-text('Nothing')")
        seen.look("paid", full=True)
    assert world.payment_statuses(first, second) == ["paid", "paid"]
    assert (sandbox.count(CREATED), sandbox.count("xero.payment.created")) == (2, 3)
    (billed,) = world.rows("SELECT sum(amount) AS sum FROM invoice_lines")
    assert billed.sum == Decimal("6380.00") + Decimal("3762.00")


def _pay(seen: Browsing, invoice_id: UUID, part: str | None = None) -> None:
    seen.page.click(f"#pay-{invoice_id}")
    seen.page.wait_for_selector("#record-payment")
    if part is not None:
        seen.page.fill("#pay-amount", part)
        seen.page.wait_for_selector(f"#record-payment:has-text('Record ${part}.00')")
        assert seen.focused() == "pay-amount", "focus stays in the field"
        seen.look("part-payment")
    else:
        seen.look("mark-as-paid")
    seen.finish("#record-payment")


def _sync(seen: Browsing, *, changes: bool = True) -> None:
    seen.page.click("#actions-menu summary")
    seen.page.click("#sync-invoices")
    seen.page.wait_for_selector("#close-done")
    if changes:
        seen.page.wait_for_selector("#news li")
    seen.look("synced")
    seen.page.click("#close-done")


def test_pills_move_when_events_arrive_and_are_said_aloud(
    world: World, sandbox: Sandbox, served: Processes
) -> None:
    deal_id, (line,) = world.deal({"name": "Oak counter"})
    with browsing(world.fleet.settings, "live") as seen:
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        seen.page.wait_for_selector(f"#status-{line}:has-text('Unpaid')")
        world.invoice(deal_id)  # somebody else, by queue
        seen.pill(f"status-{line}", "Invoiced")
        eventually(lambda: "Oak counter: Invoiced" in seen.said(), 5, "said aloud")
        seen.page.wait_for_selector("text=INV-0001")


def test_without_the_stream_the_page_asks(
    world: World, sandbox: Sandbox, served: Processes
) -> None:
    deal_id, (line,) = world.deal({})
    with browsing(world.fleet.settings, "polling") as seen:
        seen.page.route("**/events", lambda route: route.abort())
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        world.invoice(deal_id)
        seen.pill(f"status-{line}", "Invoiced")
        seen.errors[:] = [one for one in seen.errors if "/events" not in one]


def test_all_of_it_works_by_keyboard(world: World, sandbox: Sandbox, served: Processes) -> None:
    deal_id, (line,) = world.deal({"name": "Oak counter"})
    with browsing(world.fleet.settings, "keyboard") as seen:
        page, keys = seen.page, seen.page.keyboard
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        keys.press("Tab")
        assert page.inner_text(":focus") == "Skip to content"
        page.focus("#actions-menu summary")
        keys.press("Enter")
        seen.look("menu")
        keys.press("Tab")
        assert seen.focused() == "send-invoice"
        keys.press("Escape")
        assert page.get_attribute("#actions-menu", "open") is None
        keys.press("Enter")
        keys.press("Tab")
        keys.press("Enter")
        page.wait_for_selector("#invoice-form")
        eventually(lambda: seen.focused() == "portion-full", 3, "focus begins in the dialog")
        keys.press("ArrowRight")
        page.wait_for_selector("#portion-deposit[checked]", state="attached")
        eventually(lambda: seen.focused() == "portion-deposit", 3, "focus stays on the choice")
        page.focus(f"#line-{line}")
        keys.press("Space")
        page.wait_for_selector("text=Tick at least one product.")
        eventually(lambda: seen.focused() == f"line-{line}", 3, "focus stays on the box")
        for _ in range(40):
            keys.press("Tab")
            inside = page.evaluate(
                "document.activeElement === document.body"
                " || document.getElementById('dialog').contains(document.activeElement)"
            )
            assert inside, "a modal dialog keeps the focus"
        keys.press("Escape")
        page.wait_for_selector("#dialog:not([open])", state="attached")
        eventually(
            lambda: page.inner_text(":focus").startswith("Actions"), 3, "focus is where it was"
        )
        page.focus(f"#edit-{line}")
        keys.press("Enter")
        page.wait_for_selector("[name=payment_status]")
        seen.look("edit-product")
        keys.press("ArrowDown")
        keys.press("Enter")
        seen.pill(f"status-{line}", "Deposit invoiced")
        eventually(lambda: seen.focused() == f"edit-{line}", 3, "focus returns")


@pytest.mark.parametrize("view", ["phone-light", "wide-dark"])
def test_forced_lines_refusals_and_words_of_xero(  # noqa: PLR0915 - one story
    world: World, sandbox: Sandbox, served: Processes, view: str
) -> None:
    world.add_postmark()
    deal_id, lines = world.deal(
        {"name": "Care plan", "payment_status": "invoiced"},
        {"name": "Signage", "payment_status": "paid"},
        {"name": "Oak counter", "deposit_percent": None},
        contact=world.contact(),
    )
    with browsing(world.fleet.settings, "refusals", view) as seen:
        page = seen.page
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        seen.send_invoice()
        total = page.inner_text("#totals")
        page.check(f"#line-{lines[0]}")
        page.wait_for_selector(".warning")
        assert page.inner_text("#totals") != total, "the total is live"
        seen.look("forced")
        page.locator("[name=email_mode][value=trustpager]").check(force=True)
        page.select_option("#email_recipient_source", "address")
        page.fill("#email_recipient", "nobody")
        page.click("#preview-email")
        letter = page.frame_locator("iframe[name=letter]")
        letter.locator("text=attached as a PDF").wait_for()
        page.locator(".letter").scroll_into_view_if_needed()
        seen.look("email")
        page.click("#create-invoice")
        page.wait_for_selector("#problem-email_recipient:has-text('is not one email address')")
        seen.look("field-problem")
        page.locator("[name=email_mode][value=none]").check(force=True)
        page.select_option("#account_code", "200")
        page.uncheck(f"#line-{lines[0]}")
        page.wait_for_selector(".warning", state="detached")
        seen.finish("#create-invoice")

        (invoice_id,) = _invoice_ids(world)
        sandbox.control("POST", "/xero/organisation", {"PeriodLockDate": "2027-12-31"})
        page.click(f"#pay-{invoice_id}")
        page.dblclick("#record-payment")
        page.wait_for_selector(".words:has-text('lock date')")
        seen.look("refused-by-xero")
        sandbox.control("POST", "/xero/organisation", {"PeriodLockDate": None})
        page.click("[data-close] >> nth=0")
        page.click(f"#open-{invoice_id}")
        page.fill("#card-reference", "PO 7")
        seen.look("card")
        seen.finish("#dialog button[type=submit]")
        page.wait_for_selector("text=PO 7")
        page.click(f"#send-{invoice_id}")
        page.wait_for_selector("#send-now")
        seen.look("send")
        seen.finish("#send-now")
        page.click(f"#void-{invoice_id}")
        page.wait_for_selector("#void-now")
        seen.look("void")
        seen.finish("#void-now")
        seen.pill(f"invoice-{invoice_id}", "Voided")
        page.click(f"#open-{invoice_id}")
        page.wait_for_selector("text=locked in Xero")
        seen.look("locked")
    assert sandbox.count(CREATED) == 1
    assert sandbox.count("xero.invoice.emailed") == 1


@pytest.mark.parametrize("view", ["wide-light", "phone-dark"])
def test_ongoing_for_a_contact_that_is_there(
    world: World, sandbox: Sandbox, served: Processes, view: str
) -> None:
    sandbox.control(
        "POST", "/xero/contacts", {"Name": "Kestrel & Sons", "EmailAddress": "k@k.test"}
    )
    deal_id, _ = world.deal({"name": "Hosting"}, {"name": "Data"})
    with browsing(world.fleet.settings, "ongoing", view) as seen:
        page = seen.page
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        page.click(f"#add-contact-{world.xero}")
        page.fill("#contact-search", "kestrel")
        page.click("#contacts label")
        seen.look("link-existing")
        page.click("#link-contact")
        page.click("#close-said")
        page.wait_for_selector("text=Linked to the deal")
        seen.send_invoice("ongoing")
        page.locator("[name=schedule_unit][value=YEARLY]").check(force=True)
        page.wait_for_selector("text=every 12 of them")
        page.locator("[name=approve_for_sending][value=false]").check(force=True)
        page.locator("[name=schedule_unit]").first.scroll_into_view_if_needed()
        seen.look("schedule")
        seen.finish("#create-invoice")
        page.wait_for_selector("text=Every 12 months")
        seen.look("repeating", full=True)
    assert sandbox.count("xero.repeating.created") == 1


def test_an_outcome_that_is_not_known_is_told_and_found_out(
    world: World, sandbox: Sandbox, served: Processes
) -> None:
    deal_id, (line,) = world.deal({})
    sandbox.fault("xero", "hold_after_commit", method="PUT", path="/Invoices", seconds=6)
    sandbox.fault("xero", "drop_after_commit", method="PUT", path="/Invoices", times=None)
    sandbox.fault("xero", "status", method="GET", path="/Invoices", status=503, times=None)
    with browsing(world.fleet.settings, "unknown") as seen:
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        seen.send_invoice()
        seen.page.click("#create-invoice")
        seen.page.wait_for_selector("#progress:has-text('creating the invoice in Xero')")
        seen.look("carrying-out")
        seen.page.wait_for_selector("#progress:has-text('Looking up')")
        seen.look("looking-up")
        seen.page.reload()
        seen.page.wait_for_selector("#activity-title")
        seen.page.wait_for_selector(".activity:has-text('Looking up')")
        seen.look("reloaded", full=True)
        sandbox.control("DELETE", "/faults")
        sandbox.control("POST", "/held/release", {})
        seen.pill(f"status-{line}", "Invoiced", 90_000)  # look-ups come further and further apart
    assert sandbox.count(CREATED) == 1


@pytest.mark.parametrize("view", ["phone-light", "phone-dark"])
def test_who_follows_a_link_sees_one_deal_and_who_may_look_only_looks(
    world: World, sandbox: Sandbox, served: Processes, view: str
) -> None:
    deal_id, _ = world.deal({})
    settings = world.fleet.settings
    viewer = SCOPES_OF[Role.VIEWER]
    key = settings.console_link_key.partition(",")[0]
    token = signed(key, world.workspace_id, deal_id, "Jo Marsh", viewer, world.fleet.now())
    with browsing(settings, "link", view) as seen:
        seen.go(f"/enter?link={token}")
        seen.page.wait_for_selector("text=your role lacks")
        seen.look("viewer", full=True)
        seen.go(f"/enter?link={token}")
        seen.look("used-link")
        seen.go(f"/deals/{world.workspace_id}")
        seen.look("not-found")
        seen.errors[:] = [one for one in seen.errors if "status of 40" not in one]


def test_a_slow_answer_is_announced_and_can_be_given_up(
    world: World, sandbox: Sandbox, served: Processes
) -> None:
    deal_id, _ = world.deal({})
    with browsing(world.fleet.settings, "slow", "phone-light") as seen:
        page = seen.page
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        sandbox.fault("xero", "latency", method="GET", path="/Accounts", seconds=1.5, times=2)
        page.click("#actions-menu summary")
        page.click("#send-invoice")
        page.wait_for_selector("text=Asking for the latest from Xero")
        seen.look("loading")
        page.keyboard.press("Escape")
        page.wait_for_selector("#dialog:not([open])", state="attached")
        seen.send_invoice()
        seen.look("opened")


def test_when_the_console_cannot_be_reached_people_are_told(
    world: World, sandbox: Sandbox, served: Processes
) -> None:
    deal_id, _ = world.deal({})
    with browsing(world.fleet.settings, "offline") as seen:
        seen.sign_in(_key(world))
        seen.go(f"/deals/{deal_id}")
        seen.send_invoice()
        seen.page.route("**/invoices", lambda route: route.abort())
        seen.page.click("#create-invoice")
        seen.page.wait_for_selector(".notice:has-text('cannot be reached')")
        seen.look("offline")
        seen.page.unroute("**/invoices")
        seen.page.click("#create-invoice")
        seen.page.wait_for_selector("#close-done")
        seen.errors.clear()
    assert sandbox.count(CREATED) == 1
