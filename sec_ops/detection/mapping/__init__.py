"""How events of each shape call what rules speak of: shapes and Sigma pipelines, applied to rules."""
