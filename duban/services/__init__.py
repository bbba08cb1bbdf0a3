"""Services: one use case a module. They own transactions; what decides lies in the domain."""
