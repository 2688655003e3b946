"""Real servers from wheels: PostgreSQL and Valkey, run by us, with their state in one folder.

`stack.embedded_stack(folder)` is the short way in. A `claim.FolderClaim` owns a state folder and
everything started under it; `postgres` and `valkey` describe their servers as `program.Program`s.
"""
