"""What must have come of the demo. Each check is a claim, whether it holds, and what was found."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers.cli.demo import script

if TYPE_CHECKING:
    from infra.database.views import Row


@dataclass(frozen=True, slots=True)
class Check:
    """A claim and whether it holds; `found` says what is, when it does not. `note` is for all."""

    claim: str
    holds: bool
    found: str = ""
    note: str = ""


@dataclass(slots=True)
class Findings:
    """Everything the checks look at, gathered when the demo is over."""

    effects: dict[str, Any]  # as the sandbox reports them
    foreign_invoices: int  # in the organisation of the other workspace
    actions: dict[str, "Row"] = field(default_factory=dict)  # by request id
    attempts: list["Row"] = field(default_factory=list)
    letters: list["Row"] = field(default_factory=list)
    products: list["Row"] = field(default_factory=list)
    breaches: list[dict[str, Any]] = field(default_factory=list)

    def of(self, example: str) -> list["Row"]:
        """Return the actions of an example."""
        ids = [str(request["id"]) for request in script.requests_of(example)]
        return [self.actions[one] for one in ids if one in self.actions]


def check(findings: Findings) -> list[Check]:
    """Check everything."""
    return [one for claim in _CLAIMS for one in claim(findings)]


def _ends(findings: Findings) -> Sequence[Check]:
    wrong = []
    for cue in {cue.example: cue for cue in script.cues()}.values():
        expected = script.EXPECTED_STATUS.get(cue.example, "succeeded")
        rows = findings.of(cue.example)
        missing = len(script.requests_of(cue.example)) - len(rows)
        wrong += [f"{cue.example} is missing"] * missing
        wrong += [f"{cue.example} is {r['status']}" for r in rows if r["status"] != expected]
    claim = "every action ended as it should, the bad request refused with its field named"
    field = next(iter(findings.of("misspelt-field")), {}).get("error") or {}
    named = [problem["field"] for problem in field.get("problems", [])]
    if named != ["params.email_mod"]:
        wrong.append(f"the refusal names {named}")
    return [Check(claim, not wrong, "; ".join(wrong))]


def _effects(findings: Findings) -> Sequence[Check]:
    told = findings.effects
    counts = {kind: told["counts"].get(kind, 0) for kind in script.EXPECTED_EFFECTS}
    marks = Counter(e["mark"] for e in told["effects"] if e["kind"] == "invoice.created")
    twice = [str(mark) for mark, count in marks.items() if count > 1]
    shown = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    once = "exactly one invoice per request, though one came twice and two answers were lost"
    asked = [r for r in findings.actions.values() if r["action_type"] == "xero_create_invoice"]
    raised = sum(row["status"] == "succeeded" for row in asked)
    single = counts["xero.invoice.created"] == len(marks) == raised and not twice
    rest = "one contact per customer, one message, meeting, booking, document, entry, event each"
    return [
        Check(once, single, shown, note=shown),
        Check(rest, counts == script.EXPECTED_EFFECTS, shown),
    ]


def _unknown(findings: Findings) -> Sequence[Check]:
    checks = []
    for example, step in (("full-invoice", "repeat"), ("hosting-invoice", "look_up")):
        ids = {row["id"] for row in findings.of(example)}
        seen = [(a["step"], a["outcome"]) for a in findings.attempts if a["action_id"] in ids]
        how = "it was sent again under the same key" if step == "repeat" else "it was looked up"
        claim = f"{example}: its outcome was unknown, {how}, and found"
        holds = ("send", "unknown") in seen and (step, "succeeded") in seen
        checks.append(Check(claim, holds, ", ".join(f"{s} {o}" for s, o in seen)))
    return checks


def _letters(findings: Findings) -> Sequence[Check]:
    count = len(findings.letters)
    return [
        Check("the broken message is kept as one dead letter", count == 1, f"{count} dead letters")
    ]


def _products(findings: Findings) -> Sequence[Check]:
    found = {str(row["id"])[:4]: row["payment_status"] for row in findings.products}
    wrong = [
        f"{name} is {found.get(name)}, not {expected}"
        for name, expected in script.EXPECTED_PRODUCTS.items()
        if found.get(name) != expected
    ]
    return [
        Check("every deal product stands where its invoices put it", not wrong, "; ".join(wrong))
    ]


def _apart(findings: Findings) -> Sequence[Check]:
    foreign = findings.foreign_invoices
    return [
        Check(
            "the other workspace's organisation was not touched",
            foreign == 0,
            f"{foreign} invoices",
        )
    ]


def _books(findings: Findings) -> Sequence[Check]:
    words = "; ".join(f"{b['rule']}: {b['meaning']}" for b in findings.breaches)
    return [Check("the fleet's own books balance", not findings.breaches, words)]


_CLAIMS: tuple[Callable[[Findings], Sequence[Check]], ...] = (
    _ends, _effects, _unknown, _letters, _products, _apart, _books,
)  # fmt: skip
