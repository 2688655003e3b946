"""Portant, the part that makes documents of what is posted to a workflow and tells of them.

Source: Portant's documentation, "Source", "Data grouping with webhooks", "Listen to events from
Portant via webhooks", "Document".
"""
