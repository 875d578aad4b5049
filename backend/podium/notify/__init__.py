"""Senders: one message to one place, now. What to send, to whom, and when again, is decided above."""
