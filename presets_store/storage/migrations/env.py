"""How Alembic runs our scripts: in the transaction of a connection that `presets_store.storage.migrate` hands over.

Rebuild a SQLite table by `op.batch_alter_table(name, table_kwargs={"sqlite_autoincrement": True})`, else its keys may
be given out a second time.
"""

from alembic import context

from presets_store.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
