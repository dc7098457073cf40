"""The search language: one Lucene-style text, one meaning, defined by `evaluate`; stores agree with it or refuse."""
