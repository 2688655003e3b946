"""Slack's Web API, the part that posts messages and reads them back. (facts/platforms.md §1.)"""
