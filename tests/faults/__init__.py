"""Seeded schedules of crashes and faults against the real store, the real courier and a CRM on loopback."""
