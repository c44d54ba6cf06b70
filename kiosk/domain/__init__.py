"""What is true about prepaid electricity: values and pure functions, no input or output.

Owns money, energy, tariffs, the registry, card layouts, token identifiers, the states of a sale,
the chart of accounts, every fact and the fold that turns facts into books. May import only
`kiosk.errors`. Takes no clock, no disk, no logger, no random number: they arrive as arguments.
"""
