"""Whoever else vouches for people: OpenID Connect providers and LDAP directories, over the network and nothing more."""
