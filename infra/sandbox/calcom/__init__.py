"""Cal.com's API v2, the part that books, finds bookings again and adds guests.

Source: Cal.com API v2 reference, version 2024-08-13: "Create a booking", "Get all bookings", "Get a
booking", "Add guests to an existing booking", "Get my profile", "Rate limits"; its open source.
"""
