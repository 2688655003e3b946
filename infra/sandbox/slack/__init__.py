"""Slack's Web API, the part that posts messages and reads them back.

Source: docs.slack.dev, `chat.postMessage`, `conversations.history`, `conversations.replies`.
"""
