"""The account as a person uses it: the control calls."""

from collections.abc import Callable, Mapping

from infra.sandbox.activecampaign.contacts import Contacts
from infra.sandbox.activecampaign.entries import Entries
from infra.sandbox.activecampaign.refusals import Refusal
from infra.sandbox.activecampaign.settings import Settings
from infra.sandbox.effects import Cause
from infra.sandbox.platform import NoSuchCall
from infra.sandbox.wire import Document


class Person:
    """Who keeps contacts and automations."""

    def __init__(self, contacts: Contacts, entries: Entries, settings: Settings) -> None:
        self._contacts, self._entries, self._settings = contacts, entries, settings

    def carry_out(self, method: str, path: str, wish: Document) -> Document:
        """What a person does in the account; see the sandbox's README."""
        what, _, rest = path.partition("/")
        identity, _, verb = rest.partition("/")
        calls: Mapping[tuple[str, str, bool, str], Callable[[], Document]] = {
            ("GET", "contacts", False, ""): lambda: {"contacts": self._contacts.all()},
            ("POST", "contacts", False, ""): lambda: self._contacts.sync(
                {"contact": wish}, Cause()
            )[1],
            ("GET", "automations", False, ""): lambda: {"automations": self._entries.automations()},
            ("POST", "automations", False, ""): lambda: self._entries.put_automation(wish),
            ("POST", "automations", True, ""): lambda: self._entries.put_automation(wish, identity),
            ("GET", "entries", False, ""): lambda: {"entries": self._entries.rows(None, 0)},
            ("POST", "entries", False, ""): lambda: self._entries.enter(
                str(wish.get("contact")),
                str(wish.get("automation")),
                self._settings.behaviour,
                Cause(),
            ),
            ("POST", "entries", True, "complete"): lambda: self._entries.complete(identity),
            ("POST", "entries", True, "remove"): lambda: self._removed(identity),
            ("POST", "settings", False, ""): lambda: self._settings.change(wish),
        }
        call = calls.get((method, what, bool(identity), verb))
        if call is None:
            raise NoSuchCall(f"{method} activecampaign/{path}")
        try:
            return call()
        except Refusal as refusal:
            raise ValueError(refusal.answer.body.decode()) from None
        except LookupError as error:
            raise NoSuchCall(str(error)) from None

    def _removed(self, identity: str) -> Document:
        self._entries.remove(identity, Cause())
        return {"removed": identity}
