"""Postmark's server API, the part that sends one email and finds it again.

Source: Postmark's developer documentation, "Email API", "Messages API", "Server API", error codes.
"""
