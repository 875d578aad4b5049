"""HTTP only: a router per resource."""
