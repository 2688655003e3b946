"""Meta's Graph API, the part that receives conversion events for a dataset.

Source: Meta, "Conversions API", "Handling Errors" (Graph API), "Rate Limits" (Graph API).
"""
