"""gRPC only here: servicers, conversion, errors, the guard in front of every call, the server."""
