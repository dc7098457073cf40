"""Sources 备份源, one module a kind: a new kind is one new file here. The name of the module is the kind's."""
