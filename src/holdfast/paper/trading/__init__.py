"""From an order's parameters to its fills: checks, placement, matching, conditional orders, forced closes."""
