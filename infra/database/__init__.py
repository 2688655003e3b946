"""PostgreSQL: tables, one-transaction units of work, and the statements over them."""
