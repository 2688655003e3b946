"""Pages for people, over the API's functions: sessions, templates, one policy for all of them.

A page is a row (`visit.Page`) with what carries it out; `routes.PAGES` lists them. It does what the
API does by `asking.ask`, under the same scopes, and shapes what it shows in pure functions
(`*_view.py`). Templates extend `base.html`; dialogs extend `dialog.html` and are filled by htmx.
"""
