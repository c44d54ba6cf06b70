"""The commands: one file a group of verbs, each with `arguments(verb, parser)` and
`run(verb, options, context)`, which gives the exit code."""
