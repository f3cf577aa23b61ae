"""Which triangle lies under each pixel's centre ray: the backends that answer it and the `View` they fill."""
