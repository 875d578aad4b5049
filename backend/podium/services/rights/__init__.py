"""Rights: from the privileges of a user to the answer, and to what he sees."""
