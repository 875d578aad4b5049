"""What a user may do, without HTTP."""
