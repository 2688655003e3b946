"""The Create Invoice form: what it sends as the API takes it, and back. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.email.wording import DEFAULT_BODY, DEFAULT_SUBJECT
from domain.invoices.portions import Portion
from workers.console.visit import Form

ONGOING = Portion.ONGOING.value
ADDRESS = "address"
"""Of the recipient's choices: an address typed in."""

TERMS = ("due_date", "account_code", "tax_type", "reference", "status", "line_amount_types")
LOOKED_AT = (
    "integration_id",
    "due_date",
    "account_code",
    "tax_type",
    "status",
    "line_amount_types",
)
EMAIL = (
    "email_mode", "email_subject", "email_body", "email_attach_pdf", "email_recipient_source",
    "email_recipient_contact_id", "email_recipient",
)  # fmt: skip
EMAIL_DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "email_mode": ("none",),
    "email_attach_pdf": ("true",),
    "email_subject": (DEFAULT_SUBJECT,),
    "email_body": (DEFAULT_BODY,),
    "email_recipient_source": ("primary_contact",),
}
SCHEDULE = ("schedule_unit", "schedule_period", "due_days", "approve_for_sending")
FIELDS = frozenset({"portion", "deal_product_ids", "integration_id", *TERMS, *EMAIL, *SCHEDULE})


def portion_of(form: Form) -> Portion:
    """Return the portion a form has chosen; full where it says none there is."""
    said = form.one("portion")
    return Portion(said) if said in set(Portion) else Portion.FULL


def preview_query(
    form: Form, ticked: Sequence[str] | None, *, by_use: bool, without: Iterable[str] = ()
) -> list[tuple[str, str]]:
    """Return what the preview is asked for; `ticked` None: its defaults. `by_use`: usage too."""
    portion = portion_of(form)
    pairs = [("portion", portion.value)]
    if ticked is not None:
        pairs.append(("deal_product_ids", ",".join(ticked)))
    if by_use:
        pairs.append(("include_usage_based", "true"))
    names = [one for one in LOOKED_AT if one not in set(without)]
    if portion is Portion.ONGOING:
        names = [one for one in names if one not in {"due_date", "status"}]
    return pairs + [(name, form.one(name)) for name in names if form.one(name)]


def body_of(form: Form, ticked: Sequence[str]) -> dict[str, Any]:
    """Return a one-off invoice as the API takes it."""
    body: dict[str, Any] = {
        "portion": portion_of(form).value,
        "deal_product_ids": list(ticked),
        **_given(form, ("integration_id", *TERMS)),
    }
    return body | email_of(form)


def repeating_body_of(
    form: Form, ticked: Sequence[str], contact_id: str | None, *, by_use: bool
) -> dict[str, Any]:
    """Return a repeating invoice as the API takes it."""
    names = ("integration_id", "account_code", "tax_type", "reference", "line_amount_types")
    body: dict[str, Any] = {
        "portion": ONGOING,
        "deal_product_ids": list(ticked),
        "schedule_unit": form.one("schedule_unit"),
        "schedule_period": _whole(form.one("schedule_period")),
        "approve_for_sending": form.one("approve_for_sending") != "false",
        **_given(form, names),
    }
    if contact_id is not None:
        body["contact_id"] = contact_id
    if form.one("due_days"):
        body["due_days"] = _whole(form.one("due_days"))
    if by_use:
        body["include_usage_based"] = True
    return body


def email_of(form: Form) -> dict[str, Any]:
    """Return what a form says of the email; nothing when none is to be sent."""
    mode = form.one("email_mode")
    if mode in {"", "none"}:
        return {}
    if mode != "trustpager":
        return {"email_mode": mode}
    body: dict[str, Any] = {
        "email_mode": mode,
        "email_attach_pdf": form.has("email_attach_pdf"),
        **_given(form, ("email_subject", "email_body")),
    }
    source = form.one("email_recipient_source")
    if source == ADDRESS:
        return body | {"email_recipient": form.one("email_recipient")}
    if source:
        body["email_recipient_source"] = source
    if source == "secondary_contact":
        body |= _given(form, ("email_recipient_contact_id",))
    return body


def form_of(params: Mapping[str, Any], integration_id: object) -> Form:
    """Return the form that asked for these params."""
    values = {name: _texts(value) for name, value in params.items() if value is not None}
    values["integration_id"] = (str(integration_id),)
    if "schedule_unit" in params:
        values["portion"] = (ONGOING,)
    if params.get("email_recipient"):
        values["email_recipient_source"] = (ADDRESS,)
    if params.get("email_attach_pdf") is False:
        del values["email_attach_pdf"]
    return Form(values)


def _given(form: Form, names: Iterable[str]) -> dict[str, str]:
    return {name: form.one(name) for name in names if form.one(name)}


def _whole(said: str) -> int | str:
    """Return a whole number; what is none goes as it is, and is refused by its field."""
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else said


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        return tuple(map(str, value))
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return (str(value),)
