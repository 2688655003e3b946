"""ActiveCampaign's API v3, the part that syncs contacts and puts them into automations.

Source: developers.activecampaign.com, "Sync a Contact's Data", "Add a Contact to an Automation",
"List All Automations", "Rate Limits".
"""
