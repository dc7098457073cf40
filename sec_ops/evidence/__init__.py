"""The evidence log `evlog/1`: entries, trees, signatures, witness, bundle, verifier."""
