"""
Stand-in targets: real HTTP servers that play the other side of each connector, and can be told to fail.

They are no copies: the real platforms' interface texts are not public. For development, tests and demonstrations; their
`/_standin/` addresses ask for no credentials, so they belong on 127.0.0.1.
"""
