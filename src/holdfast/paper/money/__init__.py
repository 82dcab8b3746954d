"""What wallets and positions are worth: margin, fees, profit, and a ledger in which everything sums to zero."""
