"""The overview: whether every system is safe tonight, from recorded facts alone; and repositories asked anew."""
