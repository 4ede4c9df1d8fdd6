"""Attacks on a login by link, played against the real server and its simulator of WhatsApp."""
