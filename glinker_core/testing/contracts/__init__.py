"""What the components of each layer promise, as test classes to inherit."""
