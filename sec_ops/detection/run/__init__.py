"""From events to alerts: what rules found put in order of time, correlated, and handed to whoever keeps alerts."""
