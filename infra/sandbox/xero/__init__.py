"""Xero's accounting API: organisations with their books, and the OAuth in front. (facts/xero.md.)"""
