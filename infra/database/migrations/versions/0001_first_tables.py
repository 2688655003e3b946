"""First tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

TRANSITION_TRIGGER = """
CREATE FUNCTION note_action_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO action_transitions (action_id, before, after, by, reason)
        VALUES (NEW.id, NULL, NEW.status, NEW.status_by, NEW.status_reason);
    ELSIF NEW.status IS DISTINCT FROM OLD.status THEN
        INSERT INTO action_transitions (action_id, before, after, by, reason)
        VALUES (NEW.id, OLD.status, NEW.status, NEW.status_by, NEW.status_reason);
    END IF;
    -- The relay listens: something may be due, or a place in flight has become free.
    PERFORM pg_notify('fleet', '');
    RETURN NULL;
END $$;
CREATE TRIGGER note_action_transition AFTER INSERT OR UPDATE OF status ON actions
    FOR EACH ROW EXECUTE FUNCTION note_action_transition();
"""

# One call from every limit of a tenant, in one round trip; NULL: granted, else when to try again.
# Not granted, the caller rolls back. The first window's row is locked until the commit, so that the
# calls in flight are counted exactly.
TAKE_BUDGET = """
CREATE FUNCTION take_budget(
    tenant text, names text[], calls int[], seconds int[], in_flight_max int, besides uuid,
    at timestamptz
) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    w budgets%ROWTYPE;
    length interval;
BEGIN
    FOR n IN 1 .. array_length(names, 1) LOOP
        length := make_interval(secs => seconds[n]);
        INSERT INTO budgets AS b (key, window_started_at, used)
        VALUES (tenant || ':' || names[n], at, 1)
        ON CONFLICT (key) DO UPDATE SET
            used = CASE WHEN b.window_started_at <= at - length THEN 1 ELSE b.used + 1 END,
            window_started_at = CASE WHEN b.window_started_at <= at - length THEN at
                                     ELSE b.window_started_at END
        RETURNING * INTO w;
        IF w.blocked_until > at THEN
            RETURN w.blocked_until;
        END IF;
        IF w.used > calls[n] THEN
            RETURN w.window_started_at + length;
        END IF;
    END LOOP;
    IF (SELECT count(*) FROM effects e WHERE e.in_flight AND e.budget_key = tenant
        AND e.id <> besides) >= in_flight_max THEN
        RETURN at + interval '300 milliseconds';
    END IF;
    RETURN NULL;
END $$;
"""


def upgrade() -> None:
    """Apply. Old code must keep working on the new schema."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("action_type", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_by", sa.Text(), server_default="fleet", nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancel_requested_by", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("partial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        sa.UniqueConstraint("workspace_id", "key", name=op.f("uq_actions_workspace_id_key")),
    )
    op.create_index(
        op.f("ix_actions_deal_id"),
        "actions",
        ["deal_id"],
        unique=False,
        postgresql_where=sa.text("deal_id IS NOT NULL"),
    )
    op.create_index(
        "ix_actions_due",
        "actions",
        ["queue", "integration_id", "priority", "due_at"],
        unique=False,
        postgresql_where=sa.text(
            "lease_owner IS NULL AND rung_at IS NULL AND status IN ('queued', 'running', 'waiting', 'reconciling')"
        ),
    )
    op.create_index(
        op.f("ix_actions_integration_id_created_at"),
        "actions",
        ["integration_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_actions_leased",
        "actions",
        ["lease_owner"],
        unique=False,
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.create_index(
        "ix_actions_rung",
        "actions",
        ["queue", "integration_id"],
        unique=False,
        postgresql_where=sa.text("rung_at IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_actions_workspace_id_created_at"),
        "actions",
        ["workspace_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    op.create_table(
        "budgets",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("window_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_budgets")),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("tenant_key", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("members", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("repeatable", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_table(
        "connections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("refresh_lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
    )
    op.create_table(
        "contact_links",
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("platform_contact_id", sa.Text(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.Column(
            "linked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("integration_id", "entity_id", name=op.f("pk_contact_links")),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_how", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_dead_letters_fingerprint")),
    )
    op.create_index(op.f("ix_dead_letters_at"), "dead_letters", ["at"], unique=False)
    op.create_table(
        "deal_streams",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("deal_id", name=op.f("pk_deal_streams")),
    )
    op.create_table(
        "email_configs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_configs")),
    )
    op.create_index(
        op.f("ix_email_configs_workspace_id"),
        "email_configs",
        ["workspace_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_inbox")),
    )
    op.create_table(
        "incarnations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lock_key", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incarnations")),
    )
    op.create_table(
        "integration_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=True),
        sa.Column("action_id", sa.Uuid(), nullable=True),
        sa.Column("effect_id", sa.Uuid(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("request", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_log")),
    )
    op.create_index(
        op.f("ix_integration_log_action_id"), "integration_log", ["action_id"], unique=False
    )
    op.create_index(
        op.f("ix_integration_log_at"), "integration_log", ["at"], postgresql_using="brin"
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publish_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("deal_id", "sequence", name=op.f("uq_outbox_deal_id_sequence")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
    )
    op.create_index(
        "ix_outbox_promotions",
        "outbox",
        ["published_at"],
        unique=False,
        postgresql_where=sa.text("type = 'invoice.promotion_due' AND consumed_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "payment_status_history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("deal_product_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_status_history")),
    )
    op.create_index(
        op.f("ix_payment_status_history_deal_id"),
        "payment_status_history",
        ["deal_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_payment_status_history_deal_product_id"),
        "payment_status_history",
        ["deal_product_id"],
        unique=False,
    )
    op.create_table(
        "periodic_ticks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("name", "slot", name=op.f("pk_periodic_ticks")),
    )
    op.create_table(
        "platform_facts",
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "name", name=op.f("pk_platform_facts")),
    )
    op.create_table(
        "promotions",
        sa.Column("deal_product_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("moved", sa.Boolean(), nullable=False),
        sa.Column(
            "applied_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint(
            "deal_product_id", "invoice_id", "cycle", "rung", name=op.f("pk_promotions")
        ),
    )
    op.create_table(
        "reservations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("deal_product_id", sa.Uuid(), nullable=False),
        sa.Column("effect_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=24, scale=8), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("line_amount_types", sa.Text(), nullable=False),
        sa.Column("raised_as", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservations")),
        sa.UniqueConstraint(
            "effect_id", "deal_product_id", name=op.f("uq_reservations_effect_id_deal_product_id")
        ),
    )
    op.create_index(
        op.f("ix_reservations_deal_id"),
        "reservations",
        ["deal_id"],
        unique=False,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "sync_cursors",
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("modified_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "state",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("integration_id", name=op.f("pk_sync_cursors")),
    )
    op.create_table(
        "action_transitions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["actions.id"],
            name=op.f("fk_action_transitions_action_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_transitions")),
    )
    op.create_index(
        op.f("ix_action_transitions_action_id"), "action_transitions", ["action_id"], unique=False
    )
    op.create_table(
        "effects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("budget_key", sa.Text(), nullable=False),
        sa.Column("inputs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lookups", sa.Integer(), server_default="0", nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("stated_id", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), server_default="send", nullable=False),
        sa.Column("in_flight", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("last_send_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_effects_action_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_effects_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effects")),
        sa.UniqueConstraint("action_id", "ordinal", name=op.f("uq_effects_action_id_ordinal")),
    )
    op.create_index(
        op.f("ix_effects_budget_key"),
        "effects",
        ["budget_key"],
        unique=False,
        postgresql_where=sa.text("in_flight"),
    )
    op.create_table(
        "integrations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("tenant_key", sa.Text(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connections.id"], name=op.f("fk_integrations_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integrations")),
    )
    op.create_foreign_key(
        op.f("fk_actions_integration_id"), "actions", "integrations", ["integration_id"], ["id"]
    )
    op.create_index(
        op.f("ix_integrations_workspace_id_platform"),
        "integrations",
        ["workspace_id", "platform"],
        unique=False,
    )
    op.create_table(
        "invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("effect_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("portion", sa.Text(), nullable=True),
        sa.Column("raised_as", sa.Text(), nullable=True),
        sa.Column("platform_invoice_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("line_amount_types", sa.Text(), nullable=True),
        sa.Column("subtotal", sa.Numeric(precision=24, scale=8), nullable=True),
        sa.Column("tax", sa.Numeric(precision=24, scale=8), nullable=True),
        sa.Column("total", sa.Numeric(precision=24, scale=8), nullable=False),
        sa.Column("amount_due", sa.Numeric(precision=24, scale=8), nullable=False),
        sa.Column("amount_paid", sa.Numeric(precision=24, scale=8), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("online_url", sa.Text(), nullable=True),
        sa.Column("repeating_invoice_id", sa.Text(), nullable=True),
        sa.Column("updated_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cycle", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_invoices_integration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint(
            "integration_id",
            "platform_invoice_id",
            name=op.f("uq_invoices_integration_id_platform_invoice_id"),
        ),
    )
    op.create_index(op.f("ix_invoices_deal_id"), "invoices", ["deal_id"], unique=False)
    op.create_index(op.f("ix_invoices_effect_id"), "invoices", ["effect_id"], unique=False)
    op.create_index(
        op.f("ix_invoices_integration_id_status"),
        "invoices",
        ["integration_id", "status"],
        unique=False,
    )
    op.create_table(
        "invoice_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("deal_product_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("platform_line_id", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=24, scale=8), nullable=False),
        sa.Column("tax", sa.Numeric(precision=24, scale=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["invoices.id"],
            name=op.f("fk_invoice_lines_invoice_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines")),
    )
    op.create_index(
        op.f("ix_invoice_lines_deal_product_id"), "invoice_lines", ["deal_product_id"], unique=False
    )
    op.create_index(
        op.f("ix_invoice_lines_invoice_id"), "invoice_lines", ["invoice_id"], unique=False
    )
    op.execute(TRANSITION_TRIGGER)
    op.execute(TAKE_BUDGET)


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_invoice_lines_invoice_id"), table_name="invoice_lines")
    op.drop_index(op.f("ix_invoice_lines_deal_product_id"), table_name="invoice_lines")
    op.drop_table("invoice_lines")
    op.drop_index(op.f("ix_invoices_integration_id_status"), table_name="invoices")
    op.drop_index(op.f("ix_invoices_effect_id"), table_name="invoices")
    op.drop_index(op.f("ix_invoices_deal_id"), table_name="invoices")
    op.drop_table("invoices")
    op.drop_index(op.f("ix_integrations_workspace_id_platform"), table_name="integrations")
    op.drop_constraint(op.f("fk_actions_integration_id"), "actions", type_="foreignkey")
    op.drop_table("integrations")
    op.drop_index(
        op.f("ix_effects_budget_key"), table_name="effects", postgresql_where=sa.text("in_flight")
    )
    op.drop_table("effects")
    op.drop_index(op.f("ix_action_transitions_action_id"), table_name="action_transitions")
    op.drop_table("action_transitions")
    op.drop_table("sync_cursors")
    op.drop_index(
        op.f("ix_reservations_deal_id"),
        table_name="reservations",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_table("reservations")
    op.drop_table("promotions")
    op.drop_table("platform_facts")
    op.drop_table("periodic_ticks")
    op.drop_index(
        op.f("ix_payment_status_history_deal_product_id"), table_name="payment_status_history"
    )
    op.drop_index(op.f("ix_payment_status_history_deal_id"), table_name="payment_status_history")
    op.drop_table("payment_status_history")
    op.drop_index(
        "ix_outbox_unpublished",
        table_name="outbox",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_index(
        "ix_outbox_promotions",
        table_name="outbox",
        postgresql_where=sa.text("type = 'invoice.promotion_due' AND consumed_at IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_index(op.f("ix_integration_log_at"), table_name="integration_log")
    op.drop_index(op.f("ix_integration_log_action_id"), table_name="integration_log")
    op.drop_table("integration_log")
    op.drop_table("incarnations")
    op.drop_table("inbox")
    op.drop_index(
        op.f("ix_email_configs_workspace_id"),
        table_name="email_configs",
        postgresql_where=sa.text("is_default"),
    )
    op.drop_table("email_configs")
    op.drop_table("deal_streams")
    op.drop_index(op.f("ix_dead_letters_at"), table_name="dead_letters")
    op.drop_table("dead_letters")
    op.drop_table("contact_links")
    op.drop_table("connections")
    op.drop_table("calls")
    op.drop_table("budgets")
    op.drop_table("api_keys")
    op.drop_index(op.f("ix_actions_workspace_id_created_at"), table_name="actions")
    op.drop_index(
        "ix_actions_rung", table_name="actions", postgresql_where=sa.text("rung_at IS NOT NULL")
    )
    op.drop_index(
        "ix_actions_leased",
        table_name="actions",
        postgresql_where=sa.text("lease_owner IS NOT NULL"),
    )
    op.drop_index(op.f("ix_actions_integration_id_created_at"), table_name="actions")
    op.drop_index(
        "ix_actions_due",
        table_name="actions",
        postgresql_where=sa.text(
            "lease_owner IS NULL AND rung_at IS NULL AND status IN ('queued', 'running', 'waiting', 'reconciling')"
        ),
    )
    op.drop_index(
        op.f("ix_actions_deal_id"),
        table_name="actions",
        postgresql_where=sa.text("deal_id IS NOT NULL"),
    )
    op.drop_table("actions")
    op.execute("DROP FUNCTION take_budget")
    op.execute("DROP FUNCTION note_action_transition")
