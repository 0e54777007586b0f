"""Calls as a call centre tells of them (ACT-2): received, matched with customers by number, turned into follow-ups."""
