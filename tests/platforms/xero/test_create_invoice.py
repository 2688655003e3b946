from decimal import Decimal


def test_a_full_invoice_is_raised_once_and_booked(office):
    deal, lines = office.world.deal({}, {"quantity": Decimal(2), "unit_price": Decimal("19.99")})
    done = office.invoice(deal)
    assert done.status == "succeeded", (done.status_reason, done.error)
    print(done.result, office.paths())
    assert office.sandbox.count("xero.invoice.created") == 1
