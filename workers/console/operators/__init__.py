"""The operators' console: how the fleet is, and what a person may do about it (decision 0043).

Its pages are for keys of the scope `operate`; for everybody else they are not there. Who may
operate one workspace sees what is of that workspace, whoever belongs to none sees everything.
"""

from workers.console.operators import (
    acting,
    actions_page,
    bulk_page,
    deals_page,
    integrations_page,
    journal_page,
    letters_page,
    overview_page,
)
from workers.console.operators.operating import ROOT
from workers.console.visit import Page

__all__ = ["PAGES", "ROOT"]

PAGES: tuple[Page, ...] = (
    *overview_page.PAGES,
    *actions_page.PAGES,
    *acting.PAGES,
    *bulk_page.PAGES,
    *letters_page.PAGES,
    *integrations_page.PAGES,
    *deals_page.PAGES,
    *journal_page.PAGES,
)
