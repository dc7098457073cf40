"""Detection 检测: Sigma rules read, mapped to the events that are there, matched, correlated, and told as alerts."""
