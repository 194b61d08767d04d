"""The history of the schema, applied by `adapters.migrations.run`."""
