"""An emulated cloud, on which the deployment is proven without an account."""
