"""Zoom's Meeting API and its OAuth server, the part that schedules meetings and reads them back.

Source: Zoom developer documentation, "Create a meeting", "List meetings", "Get a meeting", "Get a
user", "Rate limits", "OAuth 2.0", "Server-to-Server OAuth"; and, for the fields, the official types
of npm @zoom/rivet 0.4.0.
"""
