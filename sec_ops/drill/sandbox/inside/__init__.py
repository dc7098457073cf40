"""What runs in the sandbox: on the standard library alone, for Python 3.8 and newer, laid into its own /etc."""
