"""The contract `credit_sanction.v1`, generated from `proto/` by `make stubs`: do not edit."""
